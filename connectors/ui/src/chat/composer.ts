/** Where the customer types. */

import { h, icon } from "../shared/dom";
import { iconButton } from "../shared/icon-button";
import { CLIP, SEND } from "../shared/icons";
import { fill, type Lang } from "../shared/language";
import { FILE_TYPES, TEXT_LIMIT } from "./protocol";
import { Refused } from "./upload";
import { WORDS } from "./words";

/** From here on the remaining characters are shown. */
const COUNT_FROM = TEXT_LIMIT - 200;

export class Composer {
  readonly element: HTMLFormElement;
  readonly #input: HTMLTextAreaElement;
  readonly #send: HTMLButtonElement;
  readonly #attach: HTMLButtonElement;
  readonly #chooser = h("input", {
    type: "file",
    multiple: true,
    accept: FILE_TYPES,
    hidden: true,
    "data-testid": "chooser",
  });
  /** What becomes of a file: on its way, or refused. */
  readonly #note = h("p", { class: "note", role: "status", hidden: true, "data-testid": "note" });
  #draft = "";
  readonly #left = h("output", { class: "left", hidden: true });

  constructor(
    private readonly lang: Lang,
    private readonly say: (text: string) => void,
    private readonly sendFile: (file: File) => Promise<void>,
  ) {
    const words = WORDS[lang];
    this.#input = h("textarea", {
      rows: 1,
      maxlength: TEXT_LIMIT,
      placeholder: words.placeholder,
      "aria-label": words.input,
      enterkeyhint: "send",
      "data-testid": "input",
    });
    this.#input.addEventListener("input", () => this.#resize());
    this.#input.addEventListener("keydown", (event) => this.#key(event));
    this.#attach = iconButton(words.attach, CLIP, "attach", "attach", () => this.#chooser.click());
    this.#send = h(
      "button",
      { type: "submit", class: "send", "aria-label": words.send, "data-testid": "send" },
      icon(SEND),
    );
    this.element = h(
      "form",
      { class: "composer" },
      h("div", { class: "field" }, this.#attach, this.#input, this.#send),
      this.#left,
      this.#note,
      this.#chooser,
    );
    this.#chooser.addEventListener("change", () => {
      void this.#sendFiles([...(this.#chooser.files ?? [])]);
      this.#chooser.value = "";
    });
    this.#input.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (!files.length) return;
      event.preventDefault();
      void this.#sendFiles(files);
    });
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#resize();
  }

  focus(): void {
    this.#input.focus({ preventScroll: true });
  }

  /** Puts a text into the field for the customer to finish. What they typed themselves stays; an
   * untouched earlier draft goes. */
  draft(text: string): void {
    const typed = this.#input.value.trim();
    this.#input.value = typed && typed !== this.#draft ? `${typed}\n${text}` : text;
    this.#draft = text;
    this.#resize();
    this.focus();
  }

  #key(event: KeyboardEvent): void {
    if (event.key !== "Enter" || event.shiftKey) return;
    // The Enter that picks a Chinese word is not a wish to send. Safari reports it after the
    // composition has ended, with the key code 229 only.
    if (event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#submit();
  }

  /** One after the other, so that they arrive in the order in which they were chosen. */
  async #sendFiles(files: readonly File[]): Promise<void> {
    const words = WORDS[this.lang];
    this.#attach.disabled = true;
    let refused = "";
    for (const file of files) {
      this.#tell(fill(words.uploading, { name: file.name }));
      try {
        await this.sendFile(file);
      } catch (error) {
        const refusal = error instanceof Refused ? error.refusal : { code: "network" };
        refused =
          refusal[this.lang] ?? (refusal.code === "size" ? words.tooLarge : words.notUploaded);
      }
    }
    this.#attach.disabled = false;
    this.#tell(refused);
  }

  #tell(text: string): void {
    this.#note.hidden = text === "";
    this.#note.textContent = text;
  }

  #submit(): void {
    const text = this.#input.value.trim();
    if (text) {
      this.say(text);
      this.#input.value = "";
      this.#resize();
    }
    this.focus();
  }

  #resize(): void {
    const { value } = this.#input;
    this.#send.classList.toggle("ready", value.trim() !== "");
    this.#left.hidden = value.length < COUNT_FROM;
    this.#left.value = fill(WORDS[this.lang].left, { n: TEXT_LIMIT - value.length });
    this.fit();
  }

  /** As high as its text; a hidden field has no height to measure. */
  fit(): void {
    const { style } = this.#input;
    style.height = "auto";
    if (this.#input.scrollHeight) style.height = `${this.#input.scrollHeight}px`;
  }
}

/** Where the customer types. */

import { h, icon } from "../shared/dom";
import { SEND } from "../shared/icons";
import { fill, type Lang } from "../shared/language";
import { TEXT_LIMIT } from "./protocol";
import { WORDS } from "./words";

/** From here on the remaining characters are shown. */
const COUNT_FROM = TEXT_LIMIT - 200;

export class Composer {
  readonly element: HTMLFormElement;
  readonly #input: HTMLTextAreaElement;
  readonly #send: HTMLButtonElement;
  #draft = "";
  readonly #left = h("output", { class: "left", hidden: true });

  constructor(
    private readonly lang: Lang,
    private readonly say: (text: string) => void,
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
    this.#send = h(
      "button",
      { type: "submit", class: "send", "aria-label": words.send, "data-testid": "send" },
      icon(SEND),
    );
    this.element = h(
      "form",
      { class: "composer" },
      h("div", { class: "field" }, this.#input, this.#send),
      this.#left,
    );
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

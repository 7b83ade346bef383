/** Files beside the field: chosen, pasted or dropped, handed in, and sent one by one. */

import { h, icon } from "../shared/dom";
import { setText } from "../shared/draw";
import { ApiError } from "../shared/http";
import { CLIP } from "../shared/icons";
import { fill, type Lang } from "../shared/language";
import type { Attachment } from "./model";
import type { Store } from "./store";
import { named, WORDS, type Words } from "./words";

/** Largest file that the server takes, in bytes. */
const LIMIT_BYTES = 10_000_000;
const PICTURES = "image/jpeg,image/png,image/webp,image/gif";
const OTHERS = "application/pdf,video/mp4";

export class Attach {
  readonly button: HTMLButtonElement;
  /** What becomes of a file: on its way, or refused. */
  readonly note = h("p", { class: "attach-note", role: "status", hidden: true });
  readonly chooser = h("input", {
    type: "file",
    multiple: true,
    hidden: true,
    "data-testid": "chooser",
  });
  readonly #words: Words;
  #busy = false;

  constructor(
    private readonly store: Store,
    lang: Lang,
  ) {
    const words = WORDS[lang];
    this.#words = words;
    this.button = h(
      "button",
      {
        type: "button",
        class: "quiet",
        "data-testid": "attach",
        onclick: () => this.chooser.click(),
      },
      icon(CLIP),
      h("span", {}, words.attach),
    );
    this.chooser.addEventListener("change", () => {
      void this.send([...(this.chooser.files ?? [])]);
      this.chooser.value = "";
    });
  }

  /** @param speaks whether this agent may write to the customer now. */
  render(speaks: boolean): void {
    const kinds = this.#kinds;
    this.button.disabled = !speaks || this.#busy || kinds.length === 0;
    this.button.title = speaks && kinds.length === 0 ? this.#why : "";
    this.chooser.accept = kinds.includes("file") ? `${PICTURES},${OTHERS}` : PICTURES;
  }

  /** Listens for files pasted into `field` or dropped on it. */
  listen(field: HTMLTextAreaElement): void {
    const take = (event: Event, files: FileList | undefined) => {
      if (!files?.length) return;
      event.preventDefault();
      if (!this.button.disabled) void this.send([...files]);
      else if (!this.#busy) this.#tell(this.#why);
    };
    field.addEventListener("paste", (event) => take(event, event.clipboardData?.files));
    field.addEventListener("drop", (event) => take(event, event.dataTransfer?.files));
  }

  /** Sends files one after the other, so that they arrive in the order in which they were chosen. */
  async send(files: readonly File[]): Promise<void> {
    const words = this.#words;
    const conversation = this.store.openId;
    if (!conversation) return;
    this.#busy = true;
    this.render(true);
    let refused = "";
    for (const file of files) {
      this.#tell(fill(words.uploading, { name: file.name }));
      refused = (await this.#one(conversation, file)) ?? refused;
    }
    this.#busy = false;
    this.#tell(refused);
    this.render(this.store.speaks);
  }

  /** Returns why a file was not sent. */
  async #one(conversation: string, file: File): Promise<string | undefined> {
    // Not even tried: the server would take nothing of it, after minutes on a slow line.
    if (file.size > LIMIT_BYTES) return this.#words.fileTooLarge;
    try {
      const handed = await this.store.upload(file);
      if (!this.#kinds.includes(handed.attachment.kind)) return this.#why;
      this.store.sendFile(conversation, handed);
      return undefined;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return fill(this.#words.failed, { why: error.message });
    }
  }

  /** What can be sent on the open conversation's channel. */
  get #kinds(): Attachment["kind"][] {
    return this.store.catalogue.files[this.store.row?.channel ?? ""] ?? [];
  }

  get #why(): string {
    const words = this.#words;
    const channel = named(words.channels, this.store.row?.channel ?? "");
    return fill(this.#kinds.length ? words.picturesOnly : words.noFiles, { channel });
  }

  #tell(text: string): void {
    this.note.hidden = text === "";
    setText(this.note, text);
  }
}

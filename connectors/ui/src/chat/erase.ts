/** Asks in a strip over the conversation before the chat is deleted. */

import { h } from "../shared/dom";
import { setText } from "../shared/draw";
import type { Lang } from "../shared/language";
import { WORDS } from "./words";

export class EraseQuestion {
  readonly element: HTMLElement;
  readonly #text = h("p", { role: "alert", "data-testid": "erase-text" });
  readonly #keep: HTMLButtonElement;

  /** @param erase deletes, and tells whether it could. @param done takes the focus back. */
  constructor(
    private readonly lang: Lang,
    erase: () => Promise<boolean>,
    done: () => void,
  ) {
    const words = WORDS[lang];
    const button = (name: "keep" | "discard", onclick: () => void) =>
      h("button", { type: "button", "data-testid": `erase-${name}`, onclick }, words[name]);
    const close = () => {
      this.element.hidden = true;
      done();
    };
    this.#keep = button("keep", close);
    const yes = button("discard", async () => {
      yes.disabled = true;
      if (await erase()) close();
      else setText(this.#text, words.eraseFailed);
      yes.disabled = false;
    });
    this.element = h("div", { class: "queue", hidden: true }, this.#text, yes, this.#keep);
  }

  ask(): void {
    this.element.hidden = false;
    setText(this.#text, WORDS[this.lang].eraseText);
    this.#keep.focus();
  }
}

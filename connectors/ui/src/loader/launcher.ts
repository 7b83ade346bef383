/** The round button that opens the chat. */

import { launcher as en } from "../locales/en.json";
import { launcher as zh } from "../locales/zh.json";
import { h, icon } from "../shared/dom";
import { CHEVRON_DOWN, MARK } from "../shared/icons";
import type { Lang } from "../shared/language";

export class Launcher {
  readonly element: HTMLElement;
  readonly #words: typeof zh;
  readonly #button: HTMLButtonElement;
  readonly #name = h("span", { class: "name" });

  constructor(lang: Lang, press: () => void) {
    this.#words = { zh, en }[lang];
    this.#button = h("button", {
      type: "button",
      class: "launcher",
      "data-testid": "launcher",
      onclick: press,
    });
    this.element = h("div", { class: "dock", title: "" }, this.#button);
    this.expanded(false);
    this.loaded();
  }

  /** Shows the button as the one that closes (true) or opens; opening shows as busy until loaded. */
  expanded(on: boolean): void {
    const { open, close } = this.#words;
    this.#button.replaceChildren(icon(on ? CHEVRON_DOWN : MARK), this.#name);
    this.#button.setAttribute("aria-expanded", String(on));
    this.#button.setAttribute("aria-busy", String(on));
    this.#button.classList.remove("failed");
    this.#label(on ? close : open);
  }

  loaded(): void {
    this.#button.setAttribute("aria-busy", "false");
  }

  failed(): void {
    this.loaded();
    this.#button.classList.add("failed");
    this.#label(this.#words.failed);
  }

  focus(): void {
    this.#button.focus();
  }

  #label(text: string): void {
    this.#name.textContent = text;
    this.#button.setAttribute("aria-label", text);
  }
}

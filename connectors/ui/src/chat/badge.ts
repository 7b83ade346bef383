/** The number on the launcher: messages that came while the panel was closed. */

import { h } from "../shared/dom";
import { fill, type Lang } from "../shared/language";
import { WORDS } from "./words";

export class Badge {
  readonly #number = h("span", { class: "badge", "data-testid": "badge", "aria-hidden": "true" });
  /** The same in words, for a screen reader. */
  readonly #words = h("span", { class: "unseen", role: "status" });
  readonly elements = [this.#number, this.#words];

  constructor(private readonly lang: Lang) {
    this.show(0);
  }

  show(count: number): void {
    this.#number.hidden = count === 0;
    this.#number.textContent = count > 99 ? "99+" : String(count);
    const words = count ? fill(WORDS[this.lang].unread, { n: count }) : "";
    if (this.#words.textContent !== words) this.#words.textContent = words;
  }

  remove(): void {
    for (const element of this.elements) element.remove();
  }
}

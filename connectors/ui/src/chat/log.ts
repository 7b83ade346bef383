/** The scrolling list of rows: draws only what changed and keeps the newest line in sight. */

import { h } from "../shared/dom";
import { Bubble, type Context, timeLine } from "./bubble";
import type { Row } from "./rows";
import { WORDS } from "./words";

/** As near to the end as this counts as reading the newest line, in CSS pixels. */
const NEAR_PX = 80;

export class Log {
  readonly element: HTMLElement;
  readonly #list: HTMLElement;
  readonly #typing: HTMLElement;
  readonly #scroller: HTMLElement;
  readonly #newest: HTMLButtonElement;
  readonly #bubbles = new Map<string, Bubble>();
  readonly #times = new Map<string, HTMLElement>();
  #last: string | undefined;
  /** Whether the list follows its end; it stops when the customer scrolls up to read. */
  #following = true;

  constructor(private readonly context: Context) {
    const words = WORDS[context.lang];
    this.#list = h("div", {
      class: "list",
      role: "log",
      "aria-live": "polite",
      "aria-label": words.log,
    });
    this.#typing = h(
      "div",
      { class: "typing", hidden: true, role: "img", "aria-label": words.typing },
      h("i"),
      h("i"),
      h("i"),
    );
    this.#newest = h(
      "button",
      { type: "button", class: "newest", hidden: true, onclick: () => this.toEnd() },
      words.newest,
    );
    this.#scroller = h("div", { class: "scroll", tabindex: 0 }, this.#list, this.#typing);
    this.#scroller.addEventListener("scroll", () => {
      this.#following = this.#near();
      if (this.#following) this.#newest.hidden = true;
    });
    // Pictures and a phone's keyboard change heights after the fact.
    const resized = new ResizeObserver(() => this.#following && this.toEnd());
    resized.observe(this.#list);
    resized.observe(this.#scroller);
    this.element = h("div", { class: "log" }, this.#scroller, this.#newest);
  }

  /** @param busy no reading out yet: these rows are old. */
  render(rows: readonly Row[], typing: boolean, busy: boolean): void {
    this.#list.setAttribute("aria-busy", String(busy));
    this.#typing.hidden = !typing;
    const drawn = rows.map((row) => this.#draw(row));
    this.#sweep(new Set(drawn));
    drawn.forEach((element, index) => {
      const place = this.#list.children[index];
      if (place !== element) this.#list.insertBefore(element, place ?? null);
    });
    const last = rows.at(-1);
    const fresh = last !== undefined && last.key !== this.#last;
    this.#last = last?.key;
    const mine = last?.kind === "message" && last.author === "customer";
    if (this.#following || (fresh && mine)) this.toEnd();
    else if (fresh) this.#newest.hidden = false;
  }

  toEnd(): void {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#following = true;
    this.#newest.hidden = true;
  }

  focus(): void {
    this.#scroller.focus({ preventScroll: true });
  }

  #draw(row: Row): HTMLElement {
    if (row.kind === "time") {
      const line = this.#times.get(row.key) ?? timeLine(row, this.context.lang);
      this.#times.set(row.key, line);
      return line;
    }
    const bubble = this.#bubbles.get(row.key) ?? new Bubble(row, this.context);
    this.#bubbles.set(row.key, bubble);
    bubble.update(row);
    return bubble.element;
  }

  #sweep(keep: Set<Element>): void {
    for (const [key, { element }] of this.#bubbles)
      if (!keep.has(element)) this.#bubbles.delete(key);
    for (const [key, element] of this.#times) if (!keep.has(element)) this.#times.delete(key);
    for (const child of [...this.#list.children]) if (!keep.has(child)) child.remove();
  }

  #near(): boolean {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_PX;
  }
}

/** Draws lists by key: what has not changed keeps its element, its focus and its selection. */

export class Keyed<T> {
  readonly #known = new Map<string, { shown: string; element: HTMLElement }>();

  /** @param shown a text that is another one whenever the element would be. */
  constructor(
    private readonly parent: HTMLElement,
    private readonly key: (item: T) => string,
    private readonly shown: (item: T) => string,
    private readonly make: (item: T) => HTMLElement,
  ) {}

  draw(items: readonly T[]): void {
    const keep = new Set<string>();
    items.forEach((item, index) => {
      const key = this.key(item);
      keep.add(key);
      const shown = this.shown(item);
      const known = this.#known.get(key);
      let element = known?.element;
      if (!element || known?.shown !== shown) {
        const fresh = this.make(item);
        if (element) replace(element, fresh);
        element = fresh;
        this.#known.set(key, { shown, element });
      }
      const place = this.parent.children[index];
      if (place !== element) this.parent.insertBefore(element, place ?? null);
    });
    for (const [key, { element }] of this.#known) {
      if (keep.has(key)) continue;
      element.remove();
      this.#known.delete(key);
    }
  }
}

/** Puts `fresh` where `old` is and takes the focus along. */
function replace(old: HTMLElement, fresh: HTMLElement): void {
  const focused = old === document.activeElement || old.contains(document.activeElement);
  old.replaceWith(fresh);
  if (!focused) return;
  const target = fresh.matches("button, a") ? fresh : fresh.querySelector<HTMLElement>("button, a");
  target?.focus({ preventScroll: true });
}

/** Writes only a changed text, so that a live region is not read out again. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

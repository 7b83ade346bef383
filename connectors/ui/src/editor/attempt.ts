/** The box to try questions on the draft before anybody else sees it. */

import { h } from "../shared/dom";
import type { Lang } from "../shared/language";
import { api } from "./api";
import type { FaqRecord } from "./model";
import { ruling } from "./ruling";
import { WORDS } from "./words";

export class Attempt {
  readonly element: HTMLElement;
  readonly #input: HTMLInputElement;
  readonly #result = h("div", { class: "result", role: "status", "data-testid": "try-result" });

  constructor(
    private readonly lang: Lang,
    private readonly draft: () => { record: FaqRecord; category: string } | undefined,
    private readonly failed: (error: unknown) => void,
  ) {
    const words = WORDS[lang].attempt;
    this.#input = h("input", {
      id: "try",
      placeholder: words.placeholder,
      "aria-label": words.title,
      "data-testid": "try",
      autocomplete: "off",
    });
    const form = h(
      "form",
      { class: "try-line" },
      this.#input,
      h("button", { type: "submit", "data-testid": "try-ask" }, words.ask),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#ask();
    });
    this.element = h(
      "section",
      { class: "attempt", "aria-label": words.title },
      h("h2", {}, words.title),
      h("p", { class: "tip" }, words.tip),
      form,
      this.#result,
    );
  }

  clear(): void {
    this.#result.replaceChildren();
  }

  async #ask(): Promise<void> {
    const text = this.#input.value.trim();
    const draft = this.draft();
    if (!text || !draft) return;
    const words = WORDS[this.lang].attempt;
    this.#result.replaceChildren(h("p", { class: "faint" }, words.asking));
    try {
      const found = await api.try(draft.record, draft.category, text);
      this.#result.replaceChildren(
        h("h3", {}, words.draft),
        ruling(found.draft, this.lang, draft.record.id),
        h("h3", {}, words.live),
        ruling(found.live, this.lang, draft.record.id),
      );
    } catch (error) {
      this.#result.replaceChildren();
      this.failed(error);
    }
  }
}

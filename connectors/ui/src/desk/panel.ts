/** The right column: FAQ suggestions, who the customer is, orders, earlier conversations. */

import { h, icon } from "../shared/dom";
import { iconButton } from "../shared/icon-button";
import { CLOSE } from "../shared/icons";
import { fill, type Lang } from "../shared/language";
import { clock } from "../shared/time";
import { CASE_WORDS, type Case, caseFacts, caseTop, waits } from "./case-card";
import { SHIELD } from "./icons";
import type { Customer, Earlier, Order, Suggestion } from "./model";
import type { Store } from "./store";
import { named, WORDS, type Words } from "./words";

export class CustomerPanel {
  readonly element: HTMLElement;
  readonly #words: Words;
  #shown = "";

  /** @param insert puts an answer into the composer, in the customer's language.
   * @param close puts the panel away, where it lies over the conversation.
   * @param answer shows a case where it is answered. */
  constructor(
    private readonly store: Store,
    private readonly lang: Lang,
    private readonly insert: (suggestion: Suggestion) => void,
    private readonly close: () => void,
    private readonly answer: (number: string) => void,
  ) {
    this.#words = WORDS[lang];
    this.element = h("section", {
      class: "panel scroll",
      tabindex: 0,
      "aria-label": this.#words.details,
      "data-testid": "panel",
    });
  }

  render(): void {
    const { view, suggestions } = this.store;
    const shown = JSON.stringify([view?.row.id, view?.customer, suggestions]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    if (!view) this.element.replaceChildren();
    else {
      const { customer } = view;
      this.element.replaceChildren(
        iconButton(
          this.#words.closeDetails,
          CLOSE,
          "only-medium panel-close",
          "close-details",
          this.close,
        ),
        this.#suggestions(suggestions),
        this.#identity(customer),
        ...this.#cases(customer),
        this.#orders(customer),
        ...this.#linked(customer),
        this.#earlier(customer),
      );
    }
  }

  #suggestions(suggestions: readonly Suggestion[]): HTMLElement {
    const words = this.#words;
    return section(
      words.suggestions,
      suggestions.length === 0 && h("p", { class: "empty" }, words.suggestionsNone),
      ...suggestions.map((one, index) =>
        h(
          "button",
          {
            type: "button",
            class: "suggestion",
            "data-testid": "suggestion",
            title: words.insert,
            onclick: () => this.insert(one),
          },
          h(
            "span",
            { class: "suggestion-top" },
            h("span", { class: "score" }, `${Math.round(one.score * 100)}%`),
            h("span", { class: "grow" }, one.question[this.lang]),
            h("kbd", {}, `Alt ${index + 1}`),
          ),
          h("span", { class: "suggestion-text" }, bare(one.answer[this.lang])),
        ),
      ),
    );
  }

  #identity({ identity, name, proof }: Customer): HTMLElement {
    const words = this.#words;
    const level =
      identity === "verified" && proof ? words.proofs[proof] : words.identities[identity];
    return section(
      words.identity,
      h(
        "p",
        { class: `identity ${identity}`, "data-testid": "identity" },
        icon(SHIELD),
        [name, level].filter(Boolean).join(" · "),
      ),
    );
  }

  #cases({ cases }: Customer): HTMLElement[] {
    if (cases.length === 0) return [];
    return [section(CASE_WORDS[this.lang].title, ...cases.map((one) => this.#case(one)))];
  }

  #case(one: Case): HTMLElement {
    return h(
      "details",
      { class: "case", open: waits(one), "data-testid": "panel-case" },
      h("summary", {}, ...caseTop(one, this.lang)),
      ...caseFacts(one, this.lang),
      waits(one) &&
        h(
          "button",
          {
            type: "button",
            "data-testid": "panel-case-answer",
            onclick: () => this.answer(one.number),
          },
          CASE_WORDS[this.lang].back,
        ),
    );
  }

  #orders({ orders }: Customer): HTMLElement {
    const words = this.#words;
    return section(
      words.orders,
      orders.length === 0 && h("p", { class: "empty" }, words.ordersNone),
      ...orders.map((order, index) => this.#order(order, index === 0)),
    );
  }

  #order(order: Order, open: boolean): HTMLElement {
    const { lang } = this;
    const words = this.#words;
    return h(
      "details",
      { class: "order", open, "data-testid": "order" },
      h(
        "summary",
        {},
        h("span", { class: "order-number" }, order.number),
        h("span", { class: "chip plain" }, order.state[lang]),
      ),
      h("p", {}, order.items[lang]),
      h(
        "p",
        { class: "faint" },
        [
          order.total[lang],
          order.to_collect && fill(words.collect, { amount: order.to_collect[lang] }),
          clock(order.placed_at, lang),
        ]
          .filter(Boolean)
          .join(" · "),
      ),
      h("p", { class: "faint" }, `${order.recipient} · ${order.phone}`),
      h("p", { class: "faint" }, order.address),
      ...order.parcels.map((parcel) =>
        h(
          "p",
          { class: "parcel" },
          h("span", {}, `${parcel.carrier[lang]} ${parcel.tracking_number}`),
          parcel.news &&
            h(
              "span",
              { class: "faint" },
              `${parcel.news[lang]}${parcel.at ? ` · ${clock(parcel.at, lang)}` : ""}`,
            ),
        ),
      ),
    );
  }

  #earlier({ earlier }: Customer): HTMLElement {
    const words = this.#words;
    return section(
      words.earlier,
      earlier.length === 0 && h("p", { class: "empty" }, words.earlierNone),
      ...earlier.map((one) => this.#one(one)),
    );
  }

  /** The same customer on other channels: a look at what was said there, and the way to take it back. */
  #linked({ linked }: Customer): HTMLElement[] {
    const { lang, store } = this;
    const words = this.#words;
    if (linked.length === 0) return [];
    return [
      section(
        words.linked,
        ...linked.map((one) =>
          h(
            "div",
            { class: "linked", "data-testid": "linked" },
            h(
              "button",
              {
                type: "button",
                class: "earlier",
                onclick: () => void store.open(one.conversation_id),
              },
              h("span", {}, named(words.channels, one.channel)),
              h(
                "span",
                { class: "faint" },
                one.whole
                  ? words.linkedWhole
                  : fill(words.linkedSince, { time: one.since ? clock(one.since, lang) : "" }),
              ),
            ),
            !one.whole &&
              h(
                "button",
                {
                  type: "button",
                  "data-testid": "part",
                  onclick: () => void store.part(one.conversation_id),
                },
                words.part,
              ),
          ),
        ),
      ),
    ];
  }

  #one(one: Earlier): HTMLElement {
    const { lang, store } = this;
    const words = this.#words;
    const reason = store.catalogue.reasons[one.reason]?.[lang] ?? one.reason;
    const how = one.resolution && store.catalogue.outcomes[one.resolution]?.[lang];
    const here = one.conversation_id === store.openId;
    const facts = [
      clock(one.at, lang),
      named(words.channels, one.channel),
      one.agent,
      how,
      one.score && fill(words.rated, { n: one.score }),
    ];
    return h(
      here ? "div" : "button",
      {
        class: "earlier",
        ...(here ? {} : { type: "button", onclick: () => void store.open(one.conversation_id) }),
      },
      h("span", {}, reason),
      h("span", { class: "faint" }, facts.filter(Boolean).join(" · ")),
    );
  }
}

function section(title: string, ...children: (HTMLElement | false)[]): HTMLElement {
  return h("section", {}, h("h2", {}, title), ...children);
}

/** An answer's first words without their Markdown, for a preview. */
function bare(text: string): string {
  return text.replace(/\*\*|\[|\]\([^)]*\)/g, "").replace(/^\s*[-*]\s+/gm, "· ");
}

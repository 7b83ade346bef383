/** The list: search as customers would ask, filters, and a row for each record. */

import { h, icon } from "../shared/dom";
import { Keyed, setText } from "../shared/draw";
import { fill, type Lang } from "../shared/language";
import { api } from "./api";
import { PLUS, SEARCH, UPLOAD } from "./icons";
import type { Found, Listing, Row } from "./model";
import { type Filter, listed } from "./records";
import { ruling } from "./ruling";
import { named, percent, WORDS, type Words } from "./words";

const PAUSE_MS = 250;
const FILTERS = ["all", "drafts", "review", "faulty", "hot", "cold", "thin", "behind"] as const;

export interface ListEvents {
  open(id: string): void;
  make(): void;
  importFile(): void;
  failed(error: unknown): void;
}

export class RecordList {
  readonly element: HTMLElement;
  readonly #words: Words;
  readonly #rows = h("ul", { class: "rows" });
  readonly #count = h("p", { class: "faint count-line", role: "status" });
  readonly #now = h("div", { class: "now" });
  readonly #search: HTMLInputElement;
  readonly #filter: HTMLSelectElement;
  readonly #category: HTMLSelectElement;
  readonly #keyed: Keyed<Row>;
  #listing: Listing | undefined;
  #found: Found | undefined;
  #openId: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly lang: Lang,
    private readonly events: ListEvents,
  ) {
    const words = WORDS[lang];
    this.#words = words;
    this.#search = h("input", {
      id: "search",
      type: "search",
      placeholder: words.list.search,
      "aria-label": words.list.search,
      "data-testid": "search",
      autocomplete: "off",
      oninput: () => {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => void this.#ask(), PAUSE_MS);
      },
    });
    this.#filter = h(
      "select",
      { "aria-label": words.list.filter, "data-testid": "filter", onchange: () => this.#draw() },
      ...FILTERS.map((name) => h("option", { value: name }, named(words.filters, name))),
    );
    this.#category = h("select", {
      "aria-label": words.list.category,
      onchange: () => this.#draw(),
    });
    this.#keyed = new Keyed(
      this.#rows,
      ({ id }) => id,
      (row) => JSON.stringify([row, this.#found?.near.find(({ id }) => id === row.id)]),
      (row) => h("li", {}, this.#row(row)),
    );
    this.element = h(
      "section",
      { class: "list", "aria-label": words.list.title },
      h("div", { class: "search" }, icon(SEARCH), this.#search),
      h("div", { class: "filters" }, this.#filter, this.#category),
      h(
        "div",
        { class: "list-deeds" },
        this.#count,
        h("span", { class: "grow" }),
        this.#button(words.list.import, UPLOAD, "import", () => events.importFile()),
        this.#button(words.list.make, PLUS, "new", () => events.make()),
      ),
      h("div", { class: "scroll" }, this.#now, this.#rows),
    );
    for (const place of [this.#search, this.#rows] as HTMLElement[])
      place.addEventListener("keydown", (event) => this.#step(event));
  }

  focusSearch(): void {
    this.#search.focus();
    this.#search.select();
  }

  show(listing: Listing): void {
    this.#listing = listing;
    if (this.#category.options.length !== listing.categories.length + 1) {
      const { value } = this.#category;
      this.#category.replaceChildren(
        h("option", { value: "" }, this.#words.list.everyCategory),
        ...listing.categories.map(({ id, title }) => h("option", { value: id }, title[this.lang])),
      );
      this.#category.value = value;
    }
    this.#draw();
  }

  filter(name: Filter): void {
    this.#filter.value = name;
    this.#search.value = "";
    this.#found = undefined;
    this.#draw();
  }

  mark(id: string | undefined): void {
    this.#openId = id;
    for (const row of this.#rows.querySelectorAll<HTMLElement>(".row"))
      if (row.dataset.id === id) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
  }

  async #ask(): Promise<void> {
    const text = this.#search.value.trim();
    try {
      const found = text ? await api.search(text) : undefined;
      if (text !== this.#search.value.trim()) return;
      this.#found = found;
      this.#draw();
    } catch (error) {
      this.events.failed(error);
    }
  }

  #draw(): void {
    const listing = this.#listing;
    if (!listing) return;
    const found = this.#found;
    const order = found && [...new Set([...found.exact, ...found.near.map(({ id }) => id)])];
    const filter = this.#filter.value as Filter;
    const rows = listed(listing.records, filter, this.#category.value, order);
    this.#keyed.draw(rows);
    this.mark(this.#openId);
    setText(this.#count, fill(this.#words.list.count, { n: rows.length }));
    this.#now.replaceChildren();
    if (found)
      this.#now.append(h("h2", {}, this.#words.list.customersGet), ruling(found.now, this.lang));
    if (rows.length === 0) this.#now.append(h("p", { class: "empty" }, this.#words.list.empty));
  }

  #row(row: Row): HTMLElement {
    const words = this.#words;
    const category = this.#listing?.categories.find(({ id }) => id === row.category);
    const other = this.lang === "zh" ? "en" : "zh";
    const near = this.#found?.near.find(({ id }) => id === row.id);
    return h(
      "button",
      {
        type: "button",
        class: "row",
        "data-testid": "record",
        "data-id": row.id,
        onclick: () => this.events.open(row.id),
      },
      h(
        "span",
        { class: "row-top" },
        h("span", { class: "who" }, row.title[this.lang] || words.form.untitled),
        near && h("span", { class: "score" }, percent(near.score)),
      ),
      h("span", { class: "row-other cut", lang: other }, row.title[other] || "—"),
      h(
        "span",
        { class: "row-chips" },
        h("span", { class: "faint cut" }, category?.title[this.lang] ?? row.category),
        row.draft &&
          h(
            "span",
            { class: "chip" },
            named(words.draftKinds, row.draft.state === "review" ? "review" : row.draft.kind),
          ),
        row.faults > 0 &&
          h("span", { class: "chip urgent" }, fill(words.list.faults, { n: row.faults })),
        row.thin.map((side) => named(words.thin, side))[0] &&
          h("span", { class: "chip high" }, named(words.thin, row.thin[0] ?? "")),
        row.behind && h("span", { class: "chip high" }, named(words.behind, row.behind)),
        h("span", { class: "grow" }),
        row.asked > 0
          ? h(
              "span",
              { class: "heat", title: words.list.heatHelp },
              fill(words.list.heat, { n: row.asked, share: percent(row.helped / row.asked) }),
            )
          : h("span", { class: "heat faint", title: words.list.coldHelp }, words.list.cold),
      ),
    );
  }

  #step(event: KeyboardEvent): void {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    const rows = [...this.#rows.querySelectorAll<HTMLButtonElement>(".row")];
    rows[rows.indexOf(document.activeElement as HTMLButtonElement) + by]?.focus();
  }

  #button(label: string, path: string, testId: string, onclick: () => void): HTMLButtonElement {
    return h("button", { type: "button", "data-testid": testId, onclick }, icon(path), label);
  }
}

/** The left column: four lists, one at a time. */

import { h } from "../shared/dom";
import { Keyed } from "../shared/draw";
import { fill, type Lang } from "../shared/language";
import { clock } from "../shared/time";
import { listed, sleeps, TABS, type Tab } from "./lists";
import type { Row } from "./model";
import type { Store } from "./store";
import { ago, called, named, WORDS, type Words, waited } from "./words";

const LABEL = {
  waiting: "tabWaiting",
  mine: "tabMine",
  all: "tabAll",
  bot: "tabBot",
} as const satisfies Record<Tab, keyof Words>;
const EMPTY = {
  waiting: "emptyWaiting",
  mine: "emptyMine",
  all: "emptyAll",
  bot: "emptyBot",
} as const satisfies Record<Tab, keyof Words>;

export class ConversationList {
  readonly element: HTMLElement;
  readonly #tabs = new Map<Tab, { button: HTMLButtonElement; count: HTMLElement }>();
  readonly #empty = h("p", { class: "empty" });
  readonly #rows: Keyed<Row>;
  readonly #words: Words;

  constructor(
    private readonly store: Store,
    private readonly lang: Lang,
  ) {
    this.#words = WORDS[lang];
    const tabs = TABS.map((tab) => {
      const count = h("span", { class: "count" });
      const button = h(
        "button",
        {
          type: "button",
          role: "tab",
          id: `tab-${tab}`,
          "aria-controls": "rows",
          "data-testid": `tab-${tab}`,
          onclick: () => void store.choose(tab),
        },
        this.#words[LABEL[tab]],
        count,
      );
      this.#tabs.set(tab, { button, count });
      return button;
    });
    const list = h("ul", { class: "rows" });
    this.#rows = new Keyed(
      list,
      ({ id }) => id,
      // The waiting time is part of what is shown.
      (row) => JSON.stringify([row, row.id === store.openId, this.#since(row), sleeps(row)]),
      (row) => h("li", {}, this.#row(row)),
    );
    this.element = h(
      "nav",
      { class: "lists", "aria-label": this.#words.lists },
      h("div", { class: "tabs", role: "tablist" }, ...tabs),
      h(
        "div",
        { id: "rows", class: "scroll", role: "tabpanel", "data-testid": "rows" },
        list,
        this.#empty,
      ),
    );
  }

  render(): void {
    const { store } = this;
    for (const [tab, { button, count }] of this.#tabs) {
      const chosen = tab === store.tab;
      button.setAttribute("aria-selected", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
      const rows = listed(tab, store.rows.values(), [], store.me.login);
      count.textContent = tab === "bot" || rows.length === 0 ? "" : String(rows.length);
      count.classList.toggle("calls", tab === "mine" && rows.some(({ unread }) => unread > 0));
    }
    this.element.querySelector("#rows")?.setAttribute("aria-labelledby", `tab-${store.tab}`);
    const rows = store.list;
    this.#rows.draw(rows);
    this.#empty.hidden = rows.length > 0 || !store.loaded;
    this.#empty.textContent = this.#words[EMPTY[store.tab]];
  }

  /** To the open conversation's row, or the first. */
  focus(): void {
    const rows = this.element.querySelector("#rows");
    const target =
      rows?.querySelector<HTMLElement>('[aria-current="true"]') ??
      rows?.querySelector<HTMLElement>("button");
    target?.focus();
  }

  #row(row: Row): HTMLElement {
    const words = this.#words;
    const { store, lang } = this;
    const open = row.id === store.openId;
    const reason = row.reason ? store.catalogue.reasons[row.reason]?.[lang] : undefined;
    const priority = row.priority ?? "normal";
    return h(
      "button",
      {
        type: "button",
        class: sleeps(row) ? "row asleep" : "row",
        "data-testid": "row",
        "data-id": row.id,
        "data-priority": row.state === "bot" ? "normal" : priority,
        "aria-current": open && "true",
        onclick: () => void store.open(row.id),
      },
      h(
        "span",
        { class: "row-top" },
        h("span", { class: "who" }, called(row, lang)),
        row.unread > 0 &&
          h(
            "span",
            { class: "unread", title: fill(words.unread, { n: row.unread }) },
            String(row.unread),
          ),
        h("span", { class: "when" }, this.#since(row)),
      ),
      h("span", { class: "preview" }, lastWords(row, words)),
      h(
        "span",
        { class: "chips" },
        row.state !== "bot" && reason && h("span", { class: `chip ${priority}` }, reason),
        priority !== "normal" &&
          row.state === "queued" &&
          h("span", { class: `chip ${priority}` }, words.priorities[priority]),
        row.late && h("span", { class: "chip urgent" }, words.late),
        row.callback && h("span", { class: "chip high" }, words.callWished),
        row.state === "queued" &&
          row.preferred === store.me.login &&
          h("span", { class: "chip high" }, words.yoursBefore),
        sleeps(row) &&
          h(
            "span",
            { class: "chip plain" },
            fill(words.sleepsUntil, { time: clock(row.snoozed_until ?? "", lang) }),
          ),
        row.state === "queued" &&
          row.team &&
          row.team !== Object.keys(store.catalogue.teams)[0] &&
          h("span", { class: "chip plain" }, store.catalogue.teams[row.team]?.[lang] ?? row.team),
        h("span", { class: "chip plain" }, named(words.channels, row.channel)),
        row.language &&
          h(
            "span",
            { class: "chip plain" },
            row.language === "zh" ? words.languageZh : words.languageEn,
          ),
        row.state === "agent" &&
          row.agent !== store.me.login &&
          h("span", { class: "chip plain" }, row.agent_name ?? ""),
      ),
    );
  }

  #since(row: Row): string {
    if (row.state === "queued" && row.since)
      return fill(this.#words.waitedFor, { time: waited(row.since, this.lang) });
    return ago(row.last_at, this.lang);
  }
}

/** The customer's last line, or what there is instead. */
function lastWords(row: Row, words: Words): string {
  if (row.preview) return row.preview;
  if (row.preview_file) return words.sent[row.preview_file];
  return row.phone ? fill(words.toCall, { phone: row.phone }) : "…";
}

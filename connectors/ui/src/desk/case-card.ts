/** A case as it is drawn in the list and beside its conversation. */

import en from "../locales/cases.en.json";
import zh from "../locales/cases.zh.json";
import { h } from "../shared/dom";
import { fill, type Lang } from "../shared/language";
import { clock } from "../shared/time";
import type { Bilingual } from "./model";
import { named } from "./words";

export type CaseWords = typeof zh;

export const CASE_WORDS: Record<Lang, CaseWords> = { zh, en };

/** A promise to a customer. Times are ISO 8601. */
export interface Case {
  number: string;
  kind: string;
  state: "open" | "late" | "closed" | "withdrawn";
  /** Null where it is about no order. */
  order_number: string | null;
  order_state: Bilingual | null;
  items: Bilingual | null;
  /** Where the answer goes; null where nobody can be reached any more. */
  conversation_id: string | null;
  created_at: string;
  promised_for: string;
  closed_at: string | null;
  /** What the customer told, by name. */
  told: Record<string, string | boolean>;
  words: string[];
  /** Ids of files. */
  pictures: string[];
  answer: string | null;
  closed_by: string | null;
}

const CHIPS = { open: "chip", late: "chip urgent", closed: "chip plain", withdrawn: "chip plain" };

/** Whether somebody still has to answer. */
export function waits({ state }: Case): boolean {
  return state === "open" || state === "late";
}

/** What the customer told, named in the language of the page. */
export function told(one: Case, lang: Lang): [string, string][] {
  const words = CASE_WORDS[lang];
  return Object.entries(one.told).map(([name, value]) => [
    named(words.told, name),
    // What a customer typed stays as it is; only our own words have names.
    typeof value === "boolean"
      ? words.values[value ? "yes" : "no"]
      : FREE.has(name)
        ? value
        : named(words.values, value),
  ]);
}

const FREE = new Set(["wish", "title", "tax_number", "email"]);

/** The line that says which case it is. */
export function caseTop(one: Case, lang: Lang): HTMLElement[] {
  const words = CASE_WORDS[lang];
  const time = clock(one.closed_at ?? one.promised_for, lang);
  return [
    h("span", { class: "case-number" }, one.number),
    h("span", { class: "chip plain" }, named(words.kinds, one.kind)),
    h("span", { class: CHIPS[one.state] }, words.states[one.state]),
    h(
      "span",
      { class: "faint" },
      [
        one.order_number && `${words.order} ${one.order_number}`,
        waits(one) ? fill(words.promisedBy, { time }) : time,
      ]
        .filter(Boolean)
        .join(" · "),
    ),
  ];
}

/** Everything else that is known of it. */
export function caseFacts(one: Case, lang: Lang): HTMLElement[] {
  const words = CASE_WORDS[lang];
  const facts: [string, string][] = [
    [words.items, one.items?.[lang] ?? ""],
    [words.order, [one.order_number, one.order_state?.[lang]].filter(Boolean).join(" · ")],
    [words.opened_at, clock(one.created_at, lang)],
    [words.promised, clock(one.promised_for, lang)],
    ...told(one, lang),
    [words.words, one.words.join(" / ")],
  ];
  return [
    h(
      "dl",
      { class: "case-facts" },
      ...facts
        .filter(([, value]) => value)
        .flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
    ),
    ...(one.pictures.length ? [h("div", { class: "case-pictures" }, ...pictures(one, words))] : []),
    ...(one.answer
      ? [
          h(
            "blockquote",
            { class: "case-answer" },
            one.closed_by && h("span", { class: "faint" }, fill(words.by, { name: one.closed_by })),
            h("span", {}, one.answer),
          ),
        ]
      : []),
  ];
}

function pictures(one: Case, words: CaseWords): HTMLElement[] {
  return one.pictures.map((id, index) => {
    const address = `/files/${encodeURIComponent(id)}`;
    return h(
      "a",
      { href: address, target: "_blank", rel: "noreferrer" },
      h("img", { src: address, alt: fill(words.picture, { n: index + 1 }), loading: "lazy" }),
    );
  });
}

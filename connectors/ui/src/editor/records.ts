/** Records as text in a form and back; what decides in the form, without a page. */

import type { Lang } from "../shared/language";
import type { FaqRecord, Link, Row, Stored } from "./model";

export const LANGS = ["zh", "en"] as const satisfies readonly Lang[];

export const MOST_FOLLOW_UPS = 3;

/** What the form holds: one phrasing a line. */
export interface FormText {
  zh: { questions: string; answer: string };
  en: { questions: string; answer: string };
  links: Link[];
  channels: string[];
  follow_ups: string[];
  task: string;
  picture: string;
  valid_from: string;
  valid_until: string;
  owner: string;
}

const OPTIONAL = ["picture", "valid_from", "valid_until", "owner", "task"] as const;
const LISTS = ["channels", "follow_ups"] as const;

export function toForm(record: Stored): FormText {
  const side = (lang: Lang) => ({
    questions: (record[lang]?.questions ?? []).join("\n"),
    answer: record[lang]?.answer ?? "",
  });
  const { picture = "", valid_from = "", valid_until = "", owner = "", task = "" } = record;
  return {
    zh: side("zh"),
    en: side("en"),
    links: (record.links ?? []).map((link) => ({ ...link })),
    channels: [...(record.channels ?? [])],
    follow_ups: [...(record.follow_ups ?? [])],
    task,
    picture,
    valid_from,
    valid_until,
    owner,
  };
}

/** The record that the form describes. Fields that the form doesn't show stay as `before` has them. */
export function fromForm(id: string, form: FormText, before: Stored): FaqRecord {
  const side = (lang: Lang) => ({
    ...before[lang],
    questions: lines(form[lang].questions),
    answer: form[lang].answer.trimEnd(),
  });
  const record: FaqRecord = { ...(before as FaqRecord), id, zh: side("zh"), en: side("en") };
  const links = form.links
    .map(({ url, zh, en }) => ({ url: url.trim(), zh: zh.trim(), en: en.trim() }))
    .filter(({ url, zh, en }) => url || zh || en);
  if (links.length > 0) record.links = links;
  else delete record.links;
  for (const name of LISTS) {
    if (form[name].length > 0) record[name] = [...form[name]];
    else delete record[name];
  }
  for (const name of OPTIONAL) {
    const value = form[name].trim();
    if (value) record[name] = value;
    else delete record[name];
  }
  return record;
}

/** The lines of a text that are not empty. */
export function lines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/** An id that no record has, from an English question: "delivery-saturday-delivery". */
export function newId(category: string, english: string, taken: ReadonlySet<string>): string {
  const words = english
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, " ")
    .trim()
    .split(" ")
    .filter((word) => word && !STOP.has(word))
    .slice(0, 4);
  const stem = [category, ...words].join("-").slice(0, 56).replace(/-+$/, "");
  if (words.length > 0 && !taken.has(stem)) return stem;
  for (let number = 2; ; number++) {
    const id = `${stem}-${number}`;
    if (!taken.has(id)) return id;
  }
}

const STOP = new Set(
  "a an the i my me you your do does is are can could how what to of for".split(" "),
);

export type Filter = "all" | "drafts" | "review" | "faulty" | "thin" | "behind" | "cold" | "hot";

/** The rows of a list: those that pass, and in `order` when a search gives one. */
export function listed(
  rows: readonly Row[],
  filter: Filter,
  category: string,
  order?: readonly string[],
): Row[] {
  const passing = rows.filter(
    (row) => PASSES[filter](row) && (category === "" || row.category === category),
  );
  if (order) {
    const place = new Map(order.map((id, index) => [id, index]));
    return passing
      .filter(({ id }) => place.has(id))
      .sort((a, b) => (place.get(a.id) ?? 0) - (place.get(b.id) ?? 0));
  }
  return filter === "hot" ? passing.sort((a, b) => b.asked - a.asked) : passing;
}

const PASSES: Record<Filter, (row: Row) => boolean> = {
  all: () => true,
  drafts: ({ draft }) => draft !== null,
  review: ({ draft }) => draft?.state === "review",
  faulty: ({ faults }) => faults > 0,
  thin: ({ thin }) => thin.length > 0,
  behind: ({ behind }) => behind !== null,
  cold: ({ asked, draft }) => asked === 0 && draft?.kind !== "new",
  hot: ({ asked }) => asked > 0,
};

/** The desk's texts by language, and durations as people say them. */

import en from "../locales/desk.en.json";
import zh from "../locales/desk.zh.json";
import { fill, type Lang } from "../shared/language";
import type { Row } from "./model";

export type Words = typeof zh;

export const WORDS: Record<Lang, Words> = { zh, en };

/** "刚刚", "3 分钟", "2 h": how long ago `since` was. */
export function ago(since: string, lang: Lang, now = Date.now()): string {
  const words = WORDS[lang];
  const seconds = Math.max(0, Math.round((now - Date.parse(since)) / 1000));
  return seconds < 10 ? words.now : span(seconds, lang);
}

/** "3 秒", "2 h": how long somebody has waited since `since`. */
export function waited(since: string, lang: Lang, now = Date.now()): string {
  return span(Math.max(0, (now - Date.parse(since)) / 1000), lang);
}

/** Who the customer is: their name where it is known, else a number to tell visitors apart. */
export function called({ id, name }: Pick<Row, "id" | "name">, lang: Lang): string {
  return name ?? fill(WORDS[lang].visitor, { id: id.slice(0, 4) });
}

/** A duration in seconds, in its largest whole unit. */
export function span(length: number, lang: Lang): string {
  const words = WORDS[lang];
  const seconds = Math.round(length);
  if (seconds < 60) return fill(words.seconds, { n: seconds });
  if (seconds < 3600) return fill(words.minutes, { n: Math.floor(seconds / 60) });
  if (seconds < 86_400) return fill(words.hours, { n: Math.floor(seconds / 3600) });
  return fill(words.days, { n: Math.floor(seconds / 86_400) });
}

/** A duration as figures give it: to the second, from a minute and a half on to a tenth of the unit. */
export function exact(length: number, lang: Lang): string {
  const words = WORDS[lang];
  if (length < 90) return fill(words.seconds, { n: Math.round(length) });
  const [unit, seconds] = length < 5400 ? [words.minutes, 60] : [words.hours, 3600];
  return fill(unit, { n: (length / seconds).toFixed(1) });
}

/** A name from a table of names; an unknown key shows as it is. */
export function named(table: Record<string, string>, key: string): string {
  return table[key] ?? key;
}

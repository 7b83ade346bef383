/** The editor's texts by language, and moments as people say them. */

import en from "../locales/editor.en.json";
import zh from "../locales/editor.zh.json";
import type { Lang } from "../shared/language";

export type Words = typeof zh;

export const WORDS: Record<Lang, Words> = { zh, en };

/** "11月22日 14:05", "22 Nov, 14:05". */
export function moment(at: string, lang: Lang): string {
  return new Intl.DateTimeFormat(lang === "zh" ? "zh-CN" : "en-GB", {
    month: lang === "zh" ? "long" : "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).format(new Date(at));
}

/** A share as whole per cent. */
export const percent = (share: number) => `${Math.round(share * 100)}%`;

/** A name of a table of names; an unknown one shows as it is. */
export const named = (table: Record<string, string>, key: string) => table[key] ?? key;

/** The editor's texts by language. */

import en from "../locales/editor.en.json";
import zh from "../locales/editor.zh.json";
import type { Lang } from "../shared/language";

export type Words = typeof zh;

export const WORDS: Record<Lang, Words> = { zh, en };

/** A share as whole per cent. */
export const percent = (share: number) => `${Math.round(share * 100)}%`;

/** A name of a table of names; an unknown one shows as it is. */
export const named = (table: Record<string, string>, key: string) => table[key] ?? key;

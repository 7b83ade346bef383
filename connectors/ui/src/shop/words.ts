/** The shop's texts by language. */

import { shop as en } from "../locales/en.json";
import { shop as zh } from "../locales/zh.json";
import type { Lang } from "../shared/language";

export type Words = typeof zh;

export const WORDS: Record<Lang, Words> = { zh, en };

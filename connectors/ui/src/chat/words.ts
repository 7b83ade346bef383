/** The widget's texts by language, and times as people write them. */

import { chat as en } from "../locales/en.json";
import { chat as zh } from "../locales/zh.json";
import { fill, type Lang } from "../shared/language";

export type Words = typeof zh;

export const WORDS: Record<Lang, Words> = { zh, en };

export const LOCALE: Record<Lang, string> = { zh: "zh-CN", en: "en-GB" };

/** "14:05" today, "昨天 14:05", "11月20日 14:05", with the year when it is another one. */
export function when(at: string, lang: Lang, now = new Date()): string {
  const then = new Date(at);
  const format = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(LOCALE[lang], options).format(then);
  const time = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (then.toDateString() === now.toDateString()) return time;
  if (then.toDateString() === yesterday.toDateString())
    return fill(WORDS[lang].yesterday, { time });
  const year = then.getFullYear() === now.getFullYear() ? {} : { year: "numeric" as const };
  const day = format({ ...year, month: lang === "zh" ? "long" : "short", day: "numeric" });
  return `${day} ${time}`;
}

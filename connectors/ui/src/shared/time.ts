/** Moments by the shop's clock, wherever the reader's own computer stands. */

import type { Lang } from "./language";

const LOCALE: Record<Lang, string> = { zh: "zh-CN", en: "en-GB" };

let shopZone: string | undefined;

/** Shows moments in this time zone from now on; the server names it (`Account.zone`). */
export function goByZone(zone: string): void {
  shopZone = zone;
}

/** "11月22日 14:05", "22 Nov, 14:05". */
export function moment(at: string, lang: Lang): string {
  return format(new Date(at), lang, true);
}

/** "14:05" today, with the day when it is another one. */
export function clock(at: string, lang: Lang, now = new Date()): string {
  const then = new Date(at);
  return format(then, lang, day(then) !== day(now));
}

function format(at: Date, lang: Lang, withDay: boolean): string {
  return new Intl.DateTimeFormat(LOCALE[lang], {
    ...(withDay ? { month: lang === "zh" ? "long" : "short", day: "numeric" } : {}),
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone: shopZone,
  }).format(at);
}

const day = (at: Date) => at.toLocaleDateString("en-CA", { timeZone: shopZone });

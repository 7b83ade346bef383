/** What a channel's platform still allows: said in the header before it is over. */

import { fill, type Lang } from "../shared/language";
import { clock } from "../shared/time";
import type { ReplyWindow } from "./model";
import { WORDS } from "./words";

const SOON_MS = 2 * 60 * 60 * 1000;

/** The line for the header; `soon` when it ends within two hours or with the next message. */
export function replyWindow(
  { left, until }: ReplyWindow,
  lang: Lang,
  now = new Date(),
): { text: string; soon: boolean } {
  const words = WORDS[lang];
  const over = !until || Date.parse(until) <= now.getTime();
  if (over || left === 0) return { text: over ? words.windowOver : words.windowUsed, soon: true };
  const time = clock(until, lang, now);
  const text = fill(left === 1 ? words.windowLast : words.windowLeft, { n: left, time });
  return { text, soon: left === 1 || Date.parse(until) - now.getTime() < SOON_MS };
}

/** The lines of the open conversation, from the whole view and from events that bring the newest. */

import type { Line } from "./model";

/** The known lines with the newest put on top; `undefined` when there are lines in between. */
export function joined(known: readonly Line[], newest: readonly Line[]): Line[] | undefined {
  const first = newest[0]?.seq;
  if (first === undefined) return [...known];
  if (first > (known.at(-1)?.seq ?? 0) + 1) return undefined;
  return [...known.filter(({ seq }) => seq < first), ...newest];
}

/** What was asked for, and the lines that an event has brought since it was put together. */
export function caughtUp(asked: readonly Line[], shown: readonly Line[]): Line[] {
  const last = asked.at(-1)?.seq ?? 0;
  return [...asked, ...shown.filter(({ seq }) => seq > last)];
}

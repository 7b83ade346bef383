/** Which conversations stand in which list, in which order. Pure. */

import type { Row } from "./model";

export const TABS = ["waiting", "mine", "all", "bot"] as const;
export type Tab = (typeof TABS)[number];

/** The rows of one list: the waiting in the queue's order, others with unread ones first. */
export function listed(tab: Tab, open: Iterable<Row>, bots: readonly Row[], me: string): Row[] {
  const rows = [...open];
  if (tab === "waiting")
    return rows
      .filter(({ state }) => state === "queued")
      .sort((a, b) => Date.parse(a.turn) - Date.parse(b.turn));
  if (tab === "bot") {
    const taken = new Set(rows.map(({ id }) => id));
    return bots.filter(({ id }) => !taken.has(id));
  }
  const mine = tab === "mine";
  return rows.filter((row) => row.state === "agent" && (row.agent === me) === mine).sort(byNews);
}

/** How many lines and conversations wait for this agent. */
export function calls(open: Iterable<Row>, me: string): number {
  let count = 0;
  for (const row of open) {
    if (row.state === "queued") count += 1;
    else if (row.agent === me && row.unread > 0) count += 1;
  }
  return count;
}

/** Whether a row is put out of sight for now. */
export function sleeps({ snoozed_until }: Row, now = Date.now()): boolean {
  return snoozed_until !== null && Date.parse(snoozed_until) > now;
}

function byNews(a: Row, b: Row): number {
  const asleep = Number(sleeps(a)) - Number(sleeps(b));
  const unread = Number(b.unread > 0) - Number(a.unread > 0);
  return asleep || unread || Date.parse(b.last_at) - Date.parse(a.last_at);
}

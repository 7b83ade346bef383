import { expect, test } from "vitest";
import { when } from "../../src/chat/words";

const NOW = new Date(2026, 10, 22, 18, 0);
const iso = (...parts: [number, number, number, number, number]) =>
  new Date(...parts).toISOString();

test.each([
  ["today", iso(2026, 10, 22, 0, 5), "00:05", "00:05"],
  ["yesterday", iso(2026, 10, 21, 23, 59), "昨天 23:59", "Yesterday 23:59"],
  ["this year", iso(2026, 2, 3, 9, 30), "3月3日 09:30", "3 Mar 09:30"],
  ["another year", iso(2025, 11, 31, 9, 30), "2025年12月31日 09:30", "31 Dec 2025 09:30"],
])("%s", (_, at, zh, en) => {
  expect(when(at, "zh", NOW)).toBe(zh);
  expect(when(at, "en", NOW)).toBe(en);
});

import { expect, test } from "vitest";
import { ago, called, exact, named, waited } from "../../src/desk/words";

const now = Date.parse("2026-11-22T12:00:00Z");
const before = (seconds: number) => new Date(now - seconds * 1000).toISOString();

test.each([
  [3, "刚刚", "just now"],
  [42, "42 秒", "42 s"],
  [119, "1 分钟", "1 min"],
  [3 * 3600, "3 小时", "3 h"],
  [2 * 86_400, "2 天", "2 d"],
])("%i seconds ago", (seconds, zh, en) => {
  expect(ago(before(seconds), "zh", now)).toBe(zh);
  expect(ago(before(seconds), "en", now)).toBe(en);
});

test("a clock that runs behind the server's shows no negative time", () => {
  expect(ago(before(-30), "zh", now)).toBe("刚刚");
});

test("an unknown channel shows its own name", () => {
  expect(named({ web: "网站" }, "line")).toBe("line");
});

test("a wait is a length of time from its first second on", () => {
  expect(waited(before(0), "zh", now)).toBe("0 秒");
  expect(waited(before(-2), "en", now)).toBe("0 s");
  expect(waited(before(125), "zh", now)).toBe("2 分钟");
});

test.each([
  [0.4, "0 秒"],
  [89, "89 秒"],
  [150, "2.5 分钟"],
  [7200, "2.0 小时"],
])("%f seconds among the figures", (seconds, text) => {
  expect(exact(seconds, "zh")).toBe(text);
});

test("who has proved who they are goes by their name", () => {
  expect(called({ id: "79eb01", name: "林静" }, "en")).toBe("林静");
  expect(called({ id: "79eb01", name: null }, "zh")).toBe("访客 79eb");
});

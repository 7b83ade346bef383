import { expect, test } from "vitest";
import { replyWindow } from "../../src/desk/window";

const now = new Date(2026, 10, 22, 12, 0);
const until = new Date(2026, 10, 22, 18, 30).toISOString();
const soon = new Date(2026, 10, 22, 13, 30).toISOString();

test("it says how many messages are left, and until when", () => {
  expect(replyWindow({ left: 3, until }, "en", now)).toEqual({
    text: "You can send 3 more messages until 18:30",
    soon: false,
  });
  expect(replyWindow({ left: 3, until }, "zh", now).text).toBe("18:30前还可发送3条");
});

test("it warns before the last message and before the end", () => {
  expect(replyWindow({ left: 1, until }, "en", now)).toEqual({
    text: "You can send one more message until 18:30",
    soon: true,
  });
  expect(replyWindow({ left: 4, until: soon }, "en", now).soon).toBe(true);
});

test("nothing left and nothing any more are told apart", () => {
  const used = replyWindow({ left: 0, until }, "zh", now);
  expect(used).toEqual({ text: "条数已用完，顾客再次发言后才能回复", soon: true });
  for (const over of [null, new Date(2026, 10, 22, 11).toISOString()])
    expect(replyWindow({ left: 0, until: over }, "zh", now).text).toContain("回复时限已过");
});

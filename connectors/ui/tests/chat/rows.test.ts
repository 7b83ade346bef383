import { describe, expect, test } from "vitest";
import type { Message } from "../../src/chat/protocol";
import { type MessageRow, rows } from "../../src/chat/rows";

const BUTTONS = [
  { title: "是", payload: "/affirm" },
  { title: "不是", payload: "/deny" },
];
const at = (minute: number) => new Date(Date.UTC(2026, 10, 22, 10, minute)).toISOString();
const says = (seq: number, author: Message["author"], more: Partial<Message> = {}): Message => ({
  seq,
  author,
  text: `m${seq}`,
  at: at(seq),
  ...more,
});
const messages = (all: ReturnType<typeof rows>) =>
  all.filter((row): row is MessageRow => row.kind === "message");

describe("buttons", () => {
  test("are live until the customer says something after them", () => {
    const asked = [says(1, "bot", { buttons: BUTTONS })];
    expect(messages(rows(undefined, asked, []))[0]?.live).toBe(true);
    const followed = [...asked, says(2, "bot")];
    expect(messages(rows(undefined, followed, []))[0]?.live).toBe(true);
    const answered = messages(rows(undefined, [...asked, says(2, "customer", { text: "是" })], []));
    expect(answered[0]).toMatchObject({ live: false, chosen: "是" });
  });

  test("close as soon as the answer is on its way, and the greeting's too", () => {
    const waiting = { client_id: "a", text: "不是", at: at(2) };
    const shown = messages(rows({ text: "您好", buttons: BUTTONS }, [], [waiting]));
    expect(shown[0]).toMatchObject({ key: "greeting", live: false, chosen: "不是" });
    expect(shown[1]).toMatchObject({ status: "waiting", author: "customer" });
  });

  test("open again when the answer was refused", () => {
    const failed = { client_id: "a", text: "是", at: at(2), failed: { code: "rate_limited" } };
    const shown = messages(rows(undefined, [says(1, "bot", { buttons: BUTTONS })], [failed]));
    expect(shown[0]?.live).toBe(true);
    expect(shown[1]).toMatchObject({ status: "failed", failed: { code: "rate_limited" } });
  });
});

test("a message keeps its key from waiting to stored", () => {
  const [waiting] = messages(rows(undefined, [], [{ client_id: "a", text: "x", at: at(1) }]));
  const [stored] = messages(rows(undefined, [says(1, "customer", { client_id: "a" })], []));
  expect(stored?.key).toBe(waiting?.key);
});

test("the time shows at the start and after a pause, and starts a new group", () => {
  const shown = rows(
    undefined,
    [says(1, "bot"), says(2, "bot"), says(20, "bot"), says(21, "customer")],
    [],
  );
  expect(shown.map((row) => (row.kind === "time" ? row.at : row.leads))).toEqual([
    at(1),
    true,
    false,
    at(20),
    true,
    true,
  ]);
});

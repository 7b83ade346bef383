import { describe, expect, test } from "vitest";
import { calls, listed } from "../../src/desk/lists";
import type { Row } from "../../src/desk/model";

const row = (id: string, more: Partial<Row>): Row => ({
  id,
  channel: "web",
  name: null,
  state: "queued",
  language: "zh",
  last_seq: 1,
  last_at: "2026-11-22T10:00:00Z",
  preview: "",
  preview_file: null,
  phone: null,
  reason: "asked_for",
  priority: "normal",
  agent: null,
  agent_name: null,
  since: "2026-11-22T10:00:00Z",
  taken_at: null,
  closed_at: null,
  resolution: null,
  unread: 0,
  turn: "2026-11-22T10:00:00Z",
  team: null,
  preferred: null,
  late: false,
  snoozed_until: null,
  callback: null,
  ...more,
});
const open = [
  row("second", { turn: "2026-11-22T10:00:00Z" }),
  row("first", { turn: "2026-11-22T09:40:00Z" }),
  row("old", { state: "agent", agent: "me", last_at: "2026-11-22T09:00:00Z" }),
  row("new", { state: "agent", agent: "me", last_at: "2026-11-22T11:00:00Z" }),
  row("unread", { state: "agent", agent: "me", unread: 2, last_at: "2026-11-22T08:00:00Z" }),
  row("theirs", { state: "agent", agent: "li", unread: 5 }),
];
const ids = (rows: Row[]) => rows.map(({ id }) => id);

describe("the lists", () => {
  test("what is put off stands last until its time has come", () => {
    const later = row("later", {
      state: "agent",
      agent: "me",
      snoozed_until: "2999-01-01T00:00:00Z",
    });
    const over = row("over", {
      state: "agent",
      agent: "me",
      snoozed_until: "2020-01-01T00:00:00Z",
    });
    expect(ids(listed("mine", [later, over], [], "me"))).toEqual(["over", "later"]);
  });

  test("the waiting stand in the queue's order, whatever order they came in", () => {
    expect(ids(listed("waiting", open, [], "me"))).toEqual(["first", "second"]);
  });

  test("mine: unread ones first, then the newest", () => {
    expect(ids(listed("mine", open, [], "me"))).toEqual(["unread", "new", "old"]);
  });

  test("colleagues' conversations are not mine", () => {
    expect(ids(listed("all", open, [], "me"))).toEqual(["theirs"]);
  });

  test("a conversation that was taken from the bot is no longer in its list", () => {
    const bots = [row("old", { state: "bot" }), row("bot", { state: "bot" })];
    expect(ids(listed("bot", open, bots, "me"))).toEqual(["bot"]);
  });

  test("the title counts the waiting and my unread conversations, not others'", () => {
    expect(calls(open, "me")).toBe(3);
  });
});

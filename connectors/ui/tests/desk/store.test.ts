// @vitest-environment happy-dom
import { beforeEach, expect, test, vi } from "vitest";
import type { Api } from "../../src/desk/api";
import type { Catalogue, Row } from "../../src/desk/model";
import { Store } from "../../src/desk/store";
import type { WireEvents } from "../../src/desk/wire";
import type { Account } from "../../src/shared/http";

const row = (more: Partial<Row>): Row => ({
  id: "a",
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
const mine = (more: Partial<Row> = {}) => row({ state: "agent", agent: "chen", ...more });

let events: WireEvents;
let called: string[];

function start(role: Account["role"] = "agent"): Store {
  called = [];
  const api = { view: () => new Promise(() => undefined), answer: vi.fn() } as unknown as Api;
  return new Store(
    { login: "chen", name: "小陈", role, language: "zh" } as Account,
    {} as Catalogue,
    api,
    (given) => {
      events = given;
      return { open: () => undefined, typing: () => undefined, close: () => undefined };
    },
    {
      changed: () => undefined,
      refused: () => undefined,
      signedOut: () => undefined,
      called: (what) => called.push(what),
    },
  );
}
const comes = (...rows: Row[]) => events.rows({ changed: rows, gone: [] });

beforeEach(() => localStorage.clear());

test("who comes into the queue calls once, however often their row changes", () => {
  start();
  comes(row({}));
  comes(row({ preview: "hello", last_seq: 2 }));
  expect(called).toEqual(["customer"]);
});

test("who is given to me by a colleague or the assignment calls", () => {
  start();
  comes(row({}));
  comes(mine());
  comes(row({ id: "b", state: "agent", agent: "grace" }));
  comes(mine({ id: "b" }));
  expect(called).toEqual(["customer", "yours", "yours"]);
});

test("whom I take myself calls nobody, and is silent while I look", () => {
  const store = start();
  comes(row({}));
  void store.open("a");
  comes(mine());
  comes(mine({ unread: 1 }));
  expect(called).toEqual(["customer"]);
});

test("what my customer writes calls while I look at another one", () => {
  start();
  comes(mine());
  comes(mine({ unread: 1 }));
  comes(mine({ unread: 1, preview: "the same" }));
  comes(mine({ unread: 2 }));
  expect(called).toEqual(["yours", "message", "message"]);
});

test.each([
  ["agent", ["customer"]],
  ["supervisor", ["customer", "late"]],
] as const)("a wait that is too long calls who directs (%s)", (role, calls) => {
  start(role);
  comes(row({}));
  comes(row({ late: true }));
  expect(called).toEqual(calls);
});

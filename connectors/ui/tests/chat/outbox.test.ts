// @vitest-environment happy-dom
import { beforeEach, describe, expect, test, vi } from "vitest";
import { Outbox, type Outgoing, TRIES } from "../../src/chat/outbox";
import type { Ack, Say } from "../../src/chat/protocol";
import { browserShelf } from "../../src/chat/shelf";

const SERVER = "https://shop.example";
const item = (id: string): Outgoing => ({ client_id: id, text: id, at: "2026-11-22T10:00:00Z" });

/** A server whose answers the test gives by hand. */
class Line {
  readonly sent: Say[] = [];
  readonly #waiting: { resolve(ack: Ack): void; reject(error: Error): void }[] = [];
  readonly deliver = (say: Say): Promise<Ack> => {
    this.sent.push(say);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  };
  async take(seq: number): Promise<void> {
    this.#waiting.shift()?.resolve({ ok: true, seq });
    await settled();
  }
  async refuse(code: string): Promise<void> {
    this.#waiting.shift()?.resolve({ ok: false, error: { code } });
    await settled();
  }
  async silence(): Promise<void> {
    this.#waiting.shift()?.reject(new Error("timeout"));
    await settled();
  }
  get ids(): string[] {
    return this.sent.map(({ client_id }) => client_id);
  }
}
const settled = () => new Promise((resolve) => setTimeout(resolve));

function setUp() {
  const line = new Line();
  const taken = vi.fn();
  const stalled = vi.fn();
  const outbox = new Outbox(browserShelf(SERVER), line.deliver, taken, stalled, () => undefined);
  return { line, outbox, taken, stalled };
}
const waiting = (outbox: Outbox) => outbox.items.map(({ client_id }) => client_id);
const stored = () =>
  browserShelf(SERVER)
    .load()
    .map(({ client_id }) => client_id);

beforeEach(() => localStorage.clear());

describe("the outbox", () => {
  test("sends one at a time and in order", async () => {
    const { line, outbox, taken } = setUp();
    outbox.online();
    outbox.add(item("a"));
    outbox.add(item("b"));
    expect(line.ids).toEqual(["a"]);
    await line.take(1);
    expect(line.ids).toEqual(["a", "b"]);
    await line.take(2);
    expect(waiting(outbox)).toEqual([]);
    expect(taken.mock.calls.map(([out, seq]) => [out.client_id, seq])).toEqual([
      ["a", 1],
      ["b", 2],
    ]);
  });

  test("holds everything while offline, then sends it", async () => {
    const { line, outbox } = setUp();
    outbox.add(item("a"));
    outbox.add(item("b"));
    expect(line.sent).toEqual([]);
    outbox.online();
    await line.take(1);
    expect(line.ids).toEqual(["a", "b"]);
  });

  test("sends the same id again after a lost connection, before anything newer", async () => {
    const { line, outbox, stalled } = setUp();
    outbox.online();
    outbox.add(item("a"));
    outbox.offline();
    await line.silence();
    outbox.add(item("b"));
    outbox.online();
    expect(line.ids).toEqual(["a", "a"]);
    expect(stalled).not.toHaveBeenCalled();
    await line.take(1);
    expect(line.ids).toEqual(["a", "a", "b"]);
  });

  test("an answer that comes after the reconnect still counts, and nothing is doubled", async () => {
    const { line, outbox, taken } = setUp();
    outbox.online();
    outbox.add(item("a"));
    outbox.add(item("b"));
    outbox.offline();
    outbox.online();
    expect(line.ids).toEqual(["a", "a"]);
    await line.take(1);
    await line.take(1);
    expect(taken).toHaveBeenCalledTimes(1);
    expect(line.ids).toEqual(["a", "a", "b"]);
    await line.take(2);
    expect(waiting(outbox)).toEqual([]);
  });

  test("takes silence for a dead connection, and asks the customer after some tries", async () => {
    const { line, outbox, stalled } = setUp();
    outbox.add(item("a"));
    for (let tried = 1; tried <= TRIES; tried += 1) {
      outbox.online();
      await line.silence();
      expect(stalled).toHaveBeenCalledTimes(tried);
    }
    expect(outbox.items[0]?.failed).toEqual({ code: "timeout" });
    outbox.online();
    expect(line.ids).toEqual(Array(TRIES).fill("a"));
  });

  test("a refused message waits for the customer and does not hold up the next", async () => {
    const { line, outbox } = setUp();
    outbox.online();
    outbox.add(item("a"));
    outbox.add(item("b"));
    await line.refuse("rate_limited");
    expect(outbox.items[0]?.failed).toEqual({ code: "rate_limited" });
    await line.take(1);
    outbox.retry("a");
    expect(line.ids).toEqual(["a", "b", "a"]);
    await line.take(2);
    expect(waiting(outbox)).toEqual([]);
    expect(stored()).toEqual([]);
  });

  test("survives a reload, button payload included, and leaves nothing behind once taken", async () => {
    const before = setUp();
    before.outbox.add({ ...item("a"), payload: "/order_status" });
    before.outbox.add(item("b"));
    const { line, outbox } = setUp();
    expect(waiting(outbox)).toEqual(["a", "b"]);
    outbox.online();
    expect(line.sent[0]).toEqual({ client_id: "a", text: "a", payload: "/order_status" });
    await line.take(1);
    await line.take(2);
    expect(stored()).toEqual([]);
  });

  test("two tabs do not erase each other's messages", () => {
    const first = setUp();
    const second = setUp();
    first.outbox.add(item("a"));
    second.outbox.add(item("b"));
    first.outbox.discard("a");
    expect(stored()).toEqual(["b"]);
  });
});

test("the shelf ignores what it did not write", () => {
  for (const rubbish of ["{", "7", "null", '[1, null, {"client_id": 3}]']) {
    localStorage.setItem(`yingda:${SERVER}:outbox`, rubbish);
    expect(browserShelf(SERVER).load()).toEqual([]);
  }
});

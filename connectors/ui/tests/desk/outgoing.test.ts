// @vitest-environment happy-dom
import { beforeEach, describe, expect, test } from "vitest";
import { OutgoingQueue } from "../../src/desk/outgoing";
import { ApiError } from "../../src/shared/http";

const settled = () => new Promise((resolve) => setTimeout(resolve));
const item = (clientId: string, text = clientId) => ({
  clientId,
  conversation: "c",
  text,
  at: "2026-11-22T10:00:00Z",
});

/** A server that stores each client id once, and fails as it is told. */
function setUp(login = "me") {
  const stored = new Map<string, string>();
  const failures: ApiError[] = [];
  const queue = new OutgoingQueue(
    login,
    async (_, text, clientId) => {
      const failure = failures.shift();
      if (failure) throw failure;
      stored.set(clientId, text);
      return { ok: true, seq: stored.size } as { seq: number };
    },
    () => undefined,
  );
  return { queue, stored, failures };
}

beforeEach(() => localStorage.clear());

describe("answers on their way", () => {
  test("go out in order and are forgotten once stored", async () => {
    const { queue, stored } = setUp();
    queue.add(item("one"));
    queue.add(item("two"));
    await settled();
    expect([...stored.keys()]).toEqual(["one", "two"]);
    expect(queue.items).toEqual([]);
  });

  test.each([
    ["no connection", 0],
    ["a broken server", 502],
    ["an ended session", 401],
  ])("wait through %s and keep their order", async (_, status) => {
    const { queue, stored, failures } = setUp();
    failures.push(new ApiError(status, "no"));
    queue.add(item("one"));
    await settled();
    expect(queue.items.map(({ failed }) => failed)).toEqual([undefined]);
    queue.add(item("two"));
    await settled();
    expect([...stored.keys()]).toEqual(["one", "two"]);
  });

  test("survive a reload of the page", async () => {
    const { queue, failures } = setUp();
    failures.push(new ApiError(0, "offline"));
    queue.add(item("one"));
    await settled();
    const later = setUp();
    await later.queue.flush();
    expect([...later.stored.keys()]).toEqual(["one"]);
  });

  test("are not sent by a colleague on the same browser", async () => {
    const { queue, failures } = setUp();
    failures.push(new ApiError(0, "offline"));
    queue.add(item("one"));
    await settled();
    const colleague = setUp("li");
    await colleague.queue.flush();
    expect(colleague.stored.size).toBe(0);
  });

  test("a refused one says why, holds nobody up, and can be sent again", async () => {
    const { queue, stored, failures } = setUp();
    failures.push(new ApiError(409, "taken by li"));
    queue.add(item("one"));
    queue.add(item("two"));
    await settled();
    expect([...stored.keys()]).toEqual(["two"]);
    expect(queue.items).toMatchObject([{ clientId: "one", failed: "taken by li" }]);
    queue.retry("one");
    await settled();
    expect(stored.get("one")).toBe("one");
  });
});

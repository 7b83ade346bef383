// @vitest-environment happy-dom
import { beforeEach, describe, expect, test } from "vitest";
import { Conversation } from "../../src/chat/conversation";
import { asText } from "../../src/chat/download";
import { FakeWire, message, settled } from "./fake-wire";

const SERVER = "https://shop.example";

function setUp() {
  const wire = new FakeWire();
  const conversation = new Conversation(SERVER, "auto", "zh", wire.open, () => undefined);
  return { wire, conversation };
}
const shown = ({ transcript }: Conversation) => transcript.messages.map(({ seq }) => seq);

beforeEach(() => localStorage.clear());

describe("connecting", () => {
  test("the first time without a session, later with it and the last seq seen", () => {
    const { wire } = setUp();
    expect(wire.auth()).toEqual({ lang: "auto", ui_lang: "zh", last_seq: 0 });
    wire.ready({ messages: [message(1), message(2)] });
    expect(wire.auth()).toEqual({ session: "s1", lang: "auto", ui_lang: "zh", last_seq: 2 });
  });

  test("with the token of a signed-in customer, as it is at that moment", () => {
    const wire = new FakeWire();
    let token: string | undefined = "t1";
    new Conversation(
      SERVER,
      "auto",
      "zh",
      wire.open,
      () => undefined,
      () => token,
    );
    expect(wire.auth()).toMatchObject({ customer_token: "t1" });
    token = undefined;
    expect(wire.auth()).not.toHaveProperty("customer_token");
  });

  test("after a reload with the session, asking for everything", () => {
    setUp().wire.ready({ messages: [message(1)] });
    expect(setUp().wire.auth()).toMatchObject({ session: "s1", last_seq: 0 });
  });

  test("a session the server no longer knows starts an empty conversation", () => {
    const { wire, conversation } = setUp();
    wire.ready({ messages: [message(1), message(2)] });
    wire.ready({ session: "s2", messages: [message(1, { text: "new" })] });
    expect(conversation.transcript.messages.map(({ text }) => text)).toEqual(["new"]);
    expect(wire.auth()).toMatchObject({ session: "s2", last_seq: 1 });
  });
});

describe("messages", () => {
  test("what the customer says shows once: acknowledged, echoed, and again on resume", async () => {
    const { wire, conversation } = setUp();
    wire.ready();
    conversation.say("  包邮吗 ");
    expect(wire.said[0]).toMatchObject({ text: "包邮吗" });
    await settled();
    const echo = message(1, { author: "customer", client_id: wire.said[0]?.client_id ?? "" });
    wire.events.message(echo);
    wire.ready({ messages: [echo] });
    expect(shown(conversation)).toEqual([1]);
    expect(conversation.outbox.items).toEqual([]);
  });

  test("a message whose answer got lost is not sent again when the transcript has it", async () => {
    const { wire, conversation } = setUp();
    conversation.say("a");
    const [item] = conversation.outbox.items;
    wire.ready({
      messages: [message(1, { author: "customer", client_id: item?.client_id ?? "" })],
    });
    await settled();
    expect(wire.said).toEqual([]);
  });

  test("white space alone is not sent, and 2,000 characters are the most", () => {
    const { wire, conversation } = setUp();
    wire.ready();
    conversation.say(" \n ");
    conversation.say("字".repeat(2001));
    expect(wire.said.map(({ text }) => text.length)).toEqual([2000]);
  });

  test("a hole is asked for and filled", async () => {
    const { wire, conversation } = setUp();
    wire.ready({ messages: [message(1)] });
    wire.stored = [message(1), message(2), message(3), message(4)];
    wire.events.message(message(4));
    await settled();
    expect(wire.asked).toEqual([1]);
    expect(shown(conversation)).toEqual([1, 2, 3, 4]);
  });

  test("messages typed without a connection wait and go out in order", async () => {
    const { wire, conversation } = setUp();
    wire.ready();
    wire.events.lost();
    conversation.say("一");
    conversation.say("二");
    expect(wire.said).toEqual([]);
    expect(conversation.link).toBe("lost");
    wire.ready();
    await settled();
    expect(wire.said.map(({ text }) => text)).toEqual(["一", "二"]);
  });
});

describe("signs", () => {
  test("typing goes out with the message it announced and with the connection", () => {
    const { wire, conversation } = setUp();
    wire.ready();
    wire.events.typing({ on: true, author: "bot" });
    wire.events.message(message(1));
    expect(conversation.typing).toBeUndefined();
    wire.events.typing({ on: true, author: "agent" });
    wire.events.lost();
    expect(conversation.typing).toBeUndefined();
  });

  test("unread counts what others said since the customer last looked, across reloads", () => {
    const { wire, conversation } = setUp();
    const all = [message(1), message(2, { author: "customer" }), message(3, { author: "agent" })];
    wire.ready({ messages: all.slice(0, 2) });
    conversation.markRead();
    wire.events.message(all[2] ?? message(3));
    expect(conversation.unread).toBe(1);
    const again = setUp();
    again.wire.ready({ messages: all });
    expect(again.conversation.unread).toBe(1);
    again.conversation.markRead();
    expect(again.conversation.unread).toBe(0);
  });
});

describe("the customer's own chat", () => {
  test("a thumb shows at once, and goes back when the server did not take it", async () => {
    const { wire, conversation } = setUp();
    wire.ready({ messages: [message(1, { rateable: true })] });
    const helpful = () => conversation.transcript.messages[0]?.helpful ?? null;
    await conversation.rate({ seq: 1, helpful: true });
    expect(helpful()).toBe(true);
    wire.done = { ok: false, error: { code: "x" } };
    const sent = conversation.rate({ seq: 1, helpful: false });
    expect(helpful()).toBe(false);
    await sent;
    expect(helpful()).toBe(true);
    expect(wire.rates).toHaveLength(2);
  });

  test("deleted, it is gone here and the next connection is a new visitor's", async () => {
    const { wire, conversation } = setUp();
    wire.ready({ messages: [message(1)] });
    wire.done = { ok: false, error: { code: "x" } };
    expect(await conversation.erase()).toBe(false);
    expect(shown(conversation)).toEqual([1]);
    wire.done = { ok: true };
    expect(await conversation.erase()).toBe(true);
    expect(shown(conversation)).toEqual([]);
    expect(wire.reconnects).toBe(1);
    expect(wire.auth()).toMatchObject({ session: "s2", last_seq: 0 });
    expect(setUp().wire.auth()).toMatchObject({ session: "s2" });
  });

  test("as a text it has every line with its time and who said it, in both languages", () => {
    const messages = [
      message(1, { author: "customer", text: "包邮吗" }),
      message(2, { text: "满 ¥99 包邮" }),
      message(3, { author: "agent", name: "Ann", text: "Hello" }),
    ];
    const zh = asText(messages, "zh", SERVER);
    expect(zh).toMatch(/^2026\/11\/2\d \d\d:\d\d:\d\d 您： +包邮吗/);
    expect(zh).toMatch(/智能助手： +满 ¥99 包邮/);
    expect(asText(messages, "en", SERVER)).toMatch(/Agent: Ann Hello/);
  });
});

// @vitest-environment happy-dom
import { beforeEach, describe, expect, test } from "vitest";
import { Conversation } from "../../src/chat/conversation";
import { Panel } from "../../src/chat/panel";
import { FakeWire, message, settled } from "./fake-wire";

const SERVER = "https://shop.example";

function setUp() {
  const wire = new FakeWire();
  const conversation: Conversation = new Conversation(SERVER, "zh", "zh", wire.open, () =>
    panel.render(),
  );
  const panel: Panel = new Panel(conversation, {
    lang: "zh",
    title: undefined,
    server: SERVER,
    close: () => undefined,
  });
  document.body.replaceChildren(panel.element);
  panel.show(true);
  return { wire, panel };
}
function all<T extends HTMLElement>(id: string): T[] {
  return [...document.querySelectorAll<T>(`[data-testid="${id}"]`)];
}
function one<T extends HTMLElement>(id: string): T {
  const [found] = all<T>(id);
  if (!found) throw new Error(`no element with data-testid ${id}`);
  return found;
}
const key = (init: KeyboardEventInit) =>
  one("input").dispatchEvent(
    new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, ...init }),
  );
const type = (text: string) => {
  one<HTMLTextAreaElement>("input").value = text;
};

beforeEach(() => localStorage.clear());

describe("the field", () => {
  test("sends with Enter and empties", () => {
    const { wire } = setUp();
    wire.ready();
    type("包邮吗");
    key({});
    expect(wire.said.map(({ text }) => text)).toEqual(["包邮吗"]);
    expect(one<HTMLTextAreaElement>("input").value).toBe("");
  });

  test.each([
    ["while a word is being composed", { isComposing: true }],
    ["in Safari's Enter after composing", { keyCode: 229 }],
    ["with Shift", { shiftKey: true }],
  ])("does not send %s", (_, init) => {
    const { wire } = setUp();
    wire.ready();
    type("bao you");
    key(init);
    expect(wire.said).toEqual([]);
    expect(one<HTMLTextAreaElement>("input").value).toBe("bao you");
  });
});

describe("cards", () => {
  test("stand for the text, and what looks one up stays usable after an answer", () => {
    const { wire } = setUp();
    const buttons = ["1", "2"].map((n) => ({ title: `查看 SO${n}`, payload: `/show${n}` }));
    const cards = buttons.map(({ payload }, index) => ({
      title: `棉袜${index}`,
      badge: "运输中",
      facts: [["订单号", `SO${index}`]] as [string, string][],
      payload,
    }));
    const more = { title: "转人工", payload: "/ask_human" };
    wire.ready({
      messages: [message(1, { text: "全文", lead: "两笔：", cards, buttons: [...buttons, more] })],
    });
    expect(one("message").textContent).toContain("两笔：");
    expect(one("message").textContent).not.toContain("全文");
    const replies = all<HTMLButtonElement>("quick-reply");
    expect(replies.map((reply) => !!reply.closest("li"))).toEqual([true, true, false]);
    expect(all("card").map((card) => card.querySelector("dd")?.textContent)).toEqual([
      "SO0",
      "SO1",
    ]);
    replies[1]?.click();
    expect(wire.said.map(({ payload }) => payload)).toEqual(["/show2"]);
    expect(replies.map(({ disabled }) => disabled)).toEqual([false, false, true]);
  });
});

describe("deleting the chat", () => {
  test("asks first, says when it failed, and starts afresh", async () => {
    const { wire } = setUp();
    wire.ready();
    expect(one("erase").parentElement?.hidden).toBe(true);
    wire.ready({ messages: [message(1)] });
    expect(one("erase").parentElement?.hidden).toBe(false);
    one("erase").click();
    expect(document.activeElement).toBe(one("erase-keep"));
    wire.done = { ok: false, error: { code: "try_again" } };
    one("erase-discard").click();
    await settled();
    expect(one("erase-text").textContent).toContain("没有删成");
    expect(all("message")).toHaveLength(1);
    wire.done = { ok: true };
    one("erase-discard").click();
    await settled();
    expect(one("erase-text").parentElement?.hidden).toBe(true);
    expect(all("message")).toHaveLength(0);
  });
});

describe("the header", () => {
  test("shows place and wait in the queue, then the agent's name, then the assistant", () => {
    const { wire } = setUp();
    wire.ready({ state: "queued", service: { agent: null, position: 3, wait_minutes: 7 } });
    expect(one("state").textContent).toContain("转接人工");
    expect(one("queue").textContent).toBe("排在第 3 位，预计等 7 分钟");
    wire.events.service({ agent: null, position: 2, wait_minutes: null });
    expect(one("queue").textContent).toBe("排在第 2 位");
    wire.events.state("agent");
    expect(one("queue").parentElement?.hidden).toBe(true);
    wire.events.service({ agent: "小陈", position: null });
    expect(one("state").textContent).toBe("小陈正在为您服务");
    wire.events.state("bot");
    wire.events.service({ agent: null, position: null });
    expect(one("state").textContent).toContain("智能助手");
  });

  test("the way out of the queue sends one message, however often it is pressed", () => {
    const { wire } = setUp();
    wire.ready({ state: "queued", service: { agent: null, position: 1 } });
    one("leave-queue").click();
    one("leave-queue").click();
    expect(wire.said.map(({ payload }) => payload)).toEqual(["/back_to_bot"]);
  });
});

describe("the log", () => {
  test("is a polite live region whose lines carry author and seq", () => {
    const { wire } = setUp();
    wire.ready({ messages: [message(1, { author: "customer" }), message(2)] });
    const log = document.querySelector('[role="log"]');
    expect(log?.getAttribute("aria-live")).toBe("polite");
    expect(all("message").map(({ dataset }) => [dataset.author, dataset.seq])).toEqual([
      ["customer", "1"],
      ["bot", "2"],
    ]);
  });

  test("puts a late message in its place without redrawing the others", async () => {
    const { wire } = setUp();
    wire.ready({ messages: [message(1)] });
    const [first] = all("message");
    wire.stored = [message(2), message(3)];
    wire.events.message(message(3));
    await settled();
    expect(all("message").map(({ dataset }) => dataset.seq)).toEqual(["1", "2", "3"]);
    expect(all("message")[0]).toBe(first);
  });

  test("keeps a message's element from waiting to stored", async () => {
    const { wire } = setUp();
    wire.ready();
    type("x");
    key({});
    const [line] = all("message");
    expect(line?.dataset.status).toBe("waiting");
    await settled();
    expect(line?.isConnected).toBe(true);
    expect(line?.dataset).toMatchObject({ status: "stored", seq: "1" });
  });

  test("a quick reply sends its payload once and closes", async () => {
    const { wire } = setUp();
    wire.ready({
      greeting: { text: "您好", buttons: [{ title: "查订单", payload: "/order_status" }] },
    });
    const button = one<HTMLButtonElement>("quick-reply");
    button.click();
    button.click();
    await settled();
    expect(wire.said).toHaveLength(1);
    expect(wire.said[0]).toMatchObject({ text: "查订单", payload: "/order_status" });
    expect(button.disabled).toBe(true);
  });

  test("a refused message says why in the page's language and can be sent again", async () => {
    const { wire } = setUp();
    wire.ready();
    wire.answer = () => ({
      ok: false,
      error: { code: "rate_limited", zh: "太快了", en: "Too fast" },
    });
    type("x");
    key({});
    await settled();
    const line = one("message");
    expect(line.dataset.status).toBe("failed");
    expect(line.textContent).toContain("太快了");
    wire.answer = () => ({ ok: true, seq: 1 });
    [...line.querySelectorAll("button")].find(({ textContent }) => textContent === "重发")?.click();
    await settled();
    expect(wire.said.map(({ client_id }) => client_id)).toEqual(
      Array(2).fill(wire.said[0]?.client_id),
    );
    expect(one("message").dataset).toMatchObject({ status: "stored", seq: "1" });
  });

  test("a picture or card with an address that is not http is left out", () => {
    const { wire } = setUp();
    wire.ready({
      messages: [
        message(1, {
          picture: "javascript:alert(1)",
          link: { url: "data:text/html,x", title: "t" },
        }),
        message(2, { picture: "/pictures/a.png", link: { url: "https://a.example/", title: "t" } }),
      ],
    });
    const [bad, good] = all("message");
    expect(bad?.querySelector("a, img")).toBeNull();
    expect(good?.querySelector("img")?.getAttribute("src")).toBe(`${SERVER}/pictures/a.png`);
    expect(good?.querySelector(".card")?.getAttribute("href")).toBe("https://a.example/");
  });
});

test("the banner shows while the connection is lost", () => {
  const { wire } = setUp();
  expect(one("banner").hidden).toBe(true);
  wire.ready();
  wire.events.lost();
  expect(one("banner").hidden).toBe(false);
  expect(one("banner").textContent).toBe("连接断开，正在重连…");
  wire.ready();
  expect(one("banner").hidden).toBe(true);
});

test("the header says who answers", () => {
  const { wire } = setUp();
  expect(one("state").textContent).toBe("正在连接…");
  wire.ready();
  expect(one("state").textContent).toBe("智能助手，随时都在");
  wire.ready({ state: "queued" });
  expect(one("state").textContent).toBe("正在为您转接人工…");
  wire.events.state("agent");
  expect(one("state").dataset.state).toBe("agent");
  expect(one("state").textContent).toBe("人工客服正在为您服务");
});

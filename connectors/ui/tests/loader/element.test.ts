// @vitest-environment happy-dom
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Chat, MountOptions } from "../../src/chat/mount";

const chat = {
  show: vi.fn(),
  hide: vi.fn(),
  say: vi.fn(),
  draft: vi.fn(),
  identify: vi.fn(),
  remove: vi.fn(),
} satisfies Chat;
const mount = vi.fn((_: MountOptions): Chat => chat);
const loadChat = vi.fn(async () => ({ mount }));
vi.mock("../../src/loader/chunk", () => ({ loadChat, scriptOrigin: "https://shop.example" }));
const { YingdaChat } = await import("../../src/loader/element");
customElements.define("yingda-chat", YingdaChat);

const settled = () => new Promise((resolve) => setTimeout(resolve));
function place(attributes: Record<string, string> = {}) {
  const element = new YingdaChat();
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  document.body.replaceChildren(element);
  const launcher = element.shadowRoot?.querySelector<HTMLElement>('[data-testid="launcher"]');
  if (!launcher) throw new Error("no launcher in the shadow root");
  return { element, launcher };
}

beforeEach(async () => {
  document.body.replaceChildren();
  await settled();
  localStorage.clear();
  sessionStorage.clear();
  vi.clearAllMocks();
  document.documentElement.lang = "zh-CN";
});

describe("<yingda-chat>", () => {
  test("loads nothing until it is opened", async () => {
    const { launcher } = place();
    await settled();
    expect(loadChat).not.toHaveBeenCalled();
    launcher.click();
    await settled();
    expect(chat.show).toHaveBeenCalledWith(true);
    expect(launcher.getAttribute("aria-expanded")).toBe("true");
  });

  test("passes its attributes on; the server defaults to the script's origin", async () => {
    place({ open: "", lang: "en", title: "My shop" });
    await settled();
    expect(mount.mock.calls[0]?.[0]).toMatchObject({
      server: "https://shop.example",
      lang: "en",
      uiLang: "en",
      title: "My shop",
    });
    place({ open: "", server: "https://other.example/path" });
    await settled();
    expect(mount.mock.calls[1]?.[0]).toMatchObject({ server: "https://other.example" });
  });

  test("a customer who signs in or out on the page is passed on at once, without a new chat", async () => {
    const { element } = place({ open: "", "customer-token": "one" });
    await settled();
    const given = mount.mock.calls[0]?.[0];
    expect(given?.customerToken()).toBe("one");
    expect(chat.identify).not.toHaveBeenCalled();
    element.customerToken = "two";
    await settled();
    expect(given?.customerToken()).toBe("two");
    element.customerToken = "";
    await settled();
    expect(given?.customerToken()).toBeUndefined();
    expect(element.hasAttribute("customer-token")).toBe(false);
    expect(chat.identify).toHaveBeenCalledTimes(2);
    expect(mount).toHaveBeenCalledTimes(1);
  });

  test("auto takes the page's language and leaves a valid lang attribute", async () => {
    const { element } = place({ lang: "auto", open: "" });
    await settled();
    expect(element.lang).toBe("zh");
    expect(mount.mock.calls[0]?.[0]).toMatchObject({ lang: "auto", uiLang: "zh" });
  });

  test("opens again after a reload, without taking the page's focus", async () => {
    place().launcher.click();
    await settled();
    chat.show.mockClear();
    expect(place().element.hasAttribute("open")).toBe(true);
    await settled();
    expect(chat.show).toHaveBeenCalledWith(false);
  });

  test("stays connected in the background only after it was open and has a session", async () => {
    sessionStorage.setItem("yingda:https://shop.example:panel", "closed");
    place();
    await settled();
    expect(loadChat).not.toHaveBeenCalled();
    localStorage.setItem("yingda:https://shop.example:session", "s1");
    place();
    await settled();
    expect(mount).toHaveBeenCalledTimes(1);
    expect(chat.show).not.toHaveBeenCalled();
  });

  test("send opens and says, draft opens and types", async () => {
    const { element } = place();
    element.send("包邮吗");
    await settled();
    expect(element.hasAttribute("open")).toBe(true);
    expect(chat.say).toHaveBeenCalledWith("包邮吗");
    element.draft("这款怎么样？");
    await settled();
    expect(chat.draft).toHaveBeenCalledWith("这款怎么样？");
    expect(loadChat).toHaveBeenCalledTimes(1);
  });

  test("says so when the chat does not load, and tries again on the next press", async () => {
    loadChat.mockRejectedValueOnce(new Error("offline"));
    const { element, launcher } = place();
    launcher.click();
    await settled();
    expect(element.hasAttribute("open")).toBe(false);
    expect(launcher.getAttribute("aria-label")).toBe("没打开，点一下再试");
    launcher.click();
    await settled();
    expect(chat.show).toHaveBeenCalled();
  });

  test("Escape closes, but not the one that cancels a composed word", async () => {
    const { element, launcher } = place();
    launcher.click();
    const press = (init: KeyboardEventInit) =>
      launcher.dispatchEvent(
        new KeyboardEvent("keydown", { key: "Escape", bubbles: true, ...init }),
      );
    press({ isComposing: true });
    expect(element.hasAttribute("open")).toBe(true);
    press({});
    expect(element.hasAttribute("open")).toBe(false);
  });

  test("a new language rebuilds the chat", async () => {
    const { element } = place({ open: "", lang: "zh" });
    await settled();
    element.lang = "en";
    await settled();
    expect(chat.remove).toHaveBeenCalledTimes(1);
    expect(mount.mock.calls.at(-1)?.[0]).toMatchObject({ uiLang: "en" });
  });

  test("leaving the page closes the connection", async () => {
    const { element } = place({ open: "" });
    await settled();
    element.remove();
    await settled();
    expect(chat.remove).toHaveBeenCalledTimes(1);
  });
});

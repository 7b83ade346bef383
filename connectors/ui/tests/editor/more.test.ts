// @vitest-environment happy-dom
import { beforeEach, expect, test, vi } from "vitest";
import type { Listing } from "../../src/editor/model";
import { moreFields } from "../../src/editor/more";
import { type FormText, toForm } from "../../src/editor/records";

const listing = {
  records: [
    { id: "delivery-fee", title: { zh: "包邮吗", en: "Is shipping free?" } },
    { id: "delivery-time", title: { zh: "几天到", en: "How long?" } },
  ],
  categories: [],
  channels: ["web", "telegram", "wechat", "rest"],
  tasks: [{ id: "order_status", title: { zh: "查我的订单", en: "Check my order" } }],
  problems: [],
  names: {},
} as unknown as Listing;

let text: FormText;
const changed = vi.fn();

function show(record = {}): HTMLElement {
  text = toForm(record);
  const faultsOf = () => document.createElement("ul");
  const shown = moreFields("delivery-fee", text, listing, "zh", { changed, faultsOf });
  document.body.replaceChildren(shown);
  return shown;
}

const by = <T extends HTMLElement>(id: string) =>
  document.querySelector(`[data-testid="${id}"]`) as T;

function type(id: string, value: string): void {
  by<HTMLInputElement>(id).value = value;
  by(id).dispatchEvent(new Event("input"));
}

beforeEach(() => changed.mockClear());

test("several links can be written, and an empty form has room for one", () => {
  show();
  type("link-0-url", "https://shop.example/a");
  by("add-link").click();
  type("link-1-url", "https://shop.example/b");
  type("link-1-zh", "地区");
  expect(text.links).toEqual([
    { url: "https://shop.example/a", zh: "", en: "" },
    { url: "https://shop.example/b", zh: "地区", en: "" },
  ]);
  expect(changed).toHaveBeenCalledTimes(3);
});

test("ticked channels stand in the order of the list", () => {
  show({ channels: ["wechat"] });
  by("channel-web").click();
  expect(text.channels).toEqual(["web", "wechat"]);
  by("channel-wechat").click();
  expect(text.channels).toEqual(["web"]);
});

test("a task is chosen by its button's words; one that is gone stays to be seen", () => {
  show({ task: "gone_task" });
  const select = by<HTMLSelectElement>("task");
  expect([...select.options].map(({ text }) => text)).toEqual([
    "不带任务",
    "查我的订单",
    "gone_task",
  ]);
  expect(select.value).toBe("gone_task");
  select.value = "order_status";
  select.dispatchEvent(new Event("change"));
  expect(text.task).toBe("order_status");
});

test("follow-ups are named by id, show their title, and never offer the record itself", () => {
  const shown = show({ follow_ups: ["delivery-time"] });
  expect(shown.textContent).toContain("几天到");
  type("follow-up-1", " returns-how ");
  expect(text.follow_ups).toEqual(["delivery-time", "returns-how"]);
  type("follow-up-0", "");
  expect(text.follow_ups).toEqual(["returns-how"]);
  expect([...shown.querySelectorAll("option")].map(({ value }) => value)).not.toContain(
    "delivery-fee",
  );
});

test("it is open when something in it is filled in", () => {
  expect((show() as HTMLDetailsElement).open).toBe(false);
  expect((show({ channels: ["web"] }) as HTMLDetailsElement).open).toBe(true);
});

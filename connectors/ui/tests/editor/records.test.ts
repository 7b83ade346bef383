import { describe, expect, test } from "vitest";
import type { FaqRecord } from "../../src/editor/model";
import { fromForm, listed, newId, toForm } from "../../src/editor/records";

const whole: FaqRecord = {
  id: "delivery-fee",
  zh: { questions: ["包邮吗", "运费多少"], answer: "满 ¥99 包邮。" },
  en: { questions: ["Is shipping free?"], answer: "From ¥99." },
  links: [
    { url: "https://shop.example/a", zh: "运费表", en: "Fees" },
    { url: "https://shop.example/b", zh: "地区", en: "Regions" },
  ],
  picture: "https://shop.example/p.png",
  valid_from: "2026-11-01",
  channels: ["web", "wechat"],
  follow_ups: ["delivery-time"],
  task: "order_status",
  owner: "小王",
};

describe("a record in the form", () => {
  test("comes back as it was, with every field", () => {
    expect(fromForm("delivery-fee", toForm(whole), whole)).toEqual(whole);
  });

  test("loses what is emptied, and holds nothing empty", () => {
    const form = toForm(whole);
    form.links = [{ url: " ", zh: "", en: "" }];
    form.channels = [];
    form.follow_ups = [];
    form.task = "";
    form.picture = " ";
    const record = fromForm("delivery-fee", form, whole);
    expect(Object.keys(record).sort()).toEqual(["en", "id", "owner", "valid_from", "zh"]);
  });

  test("keeps a field that the form does not know", () => {
    const before = { ...whole, later: { a: 1 } };
    expect(fromForm("delivery-fee", toForm(before), before)).toEqual(before);
  });

  test("is changed on its own: what was opened stays as it was", () => {
    const form = toForm(whole);
    form.links[0] = { url: "https://x.example", zh: "", en: "" };
    form.channels.push("rest");
    expect(whole.links?.[0]?.url).toBe("https://shop.example/a");
    expect(whole.channels).toEqual(["web", "wechat"]);
  });
});

test("a new id is made of the question's words and is free", () => {
  const taken = new Set(["delivery-saturday-delivery"]);
  expect(newId("delivery", "Do you do Saturday?", new Set())).toBe("delivery-saturday");
  expect(newId("delivery", "Saturday delivery", taken)).toBe("delivery-saturday-delivery-2");
  expect(newId("delivery", "周六送吗", new Set())).toBe("delivery-2");
});

test("a search gives the order, filters leave out", () => {
  const row = (id: string, asked: number) => ({
    ...{ id, asked, category: "a", title: { zh: id, en: id }, phrasings: { zh: 1, en: 1 } },
    ...{ helped: 0, thin: [], behind: null, edited: null, draft: null, faults: 0 },
  });
  const rows = [row("one", 0), row("two", 5), row("three", 9)];
  expect(listed(rows, "hot", "").map(({ id }) => id)).toEqual(["three", "two"]);
  expect(listed(rows, "all", "", ["two", "one"]).map(({ id }) => id)).toEqual(["two", "one"]);
  expect(listed(rows, "cold", "a").map(({ id }) => id)).toEqual(["one"]);
  expect(listed(rows, "all", "b")).toEqual([]);
});

import { describe, expect, test } from "vitest";
import { filled, matching } from "../../src/desk/canned";
import type { Canned, View } from "../../src/desk/model";

const reply = (id: string, keys: string[], zh: string, en: string): Canned => ({
  id,
  keys,
  title: { zh: `标题${id}`, en: `Title ${id}` },
  zh,
  en,
});
const replies = [
  reply("hello", ["hello", "nh"], "您好，我是{agent}", "Hello, this is {agent}"),
  reply(
    "urge",
    ["urge", "cj"],
    "订单{order}已催，{customer}请放心",
    "Order {order} chased, {customer}",
  ),
];
const view = {
  customer: { name: "林静", orders: [{ number: "SO1" }] },
} as unknown as View;

describe("ready-made replies", () => {
  test.each([
    ["", ["hello", "urge"]],
    ["cj", ["urge"]],
    ["NH", ["hello"]],
    ["已催", ["urge"]],
    ["chased", ["urge"]],
    ["zzz", []],
  ])("%j finds %j", (query, found) => {
    expect(matching(replies, query).map(({ id }) => id)).toEqual(found);
  });

  test("a key that begins so comes before a text that contains it", () => {
    const more = [reply("x", ["x"], "hello in the text", "-"), ...replies];
    expect(matching(more, "hello")[0]?.id).toBe("hello");
  });

  test("names are filled in, in the chosen language", () => {
    const [, urge] = replies;
    expect(urge && filled(urge, "zh", "小陈", view)).toBe("订单SO1已催，林静请放心");
    expect(urge && filled(urge, "en", "小陈", view)).toBe("Order SO1 chased, 林静");
  });

  test("what is not known stays in braces for the agent to see", () => {
    const [, urge] = replies;
    expect(urge && filled(urge, "zh", "小陈", undefined)).toBe("订单{order}已催，{customer}请放心");
  });
});

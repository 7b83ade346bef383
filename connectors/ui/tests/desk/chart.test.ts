// @vitest-environment happy-dom
import { describe, expect, test } from "vitest";
import { type Bar, columns, described } from "../../src/desk/chart";

const bars = [
  { label: "11/21", value: 2 },
  { label: "11/22", value: null },
  { label: "11/23", value: 4 },
];
const heights = (chart: SVGSVGElement) =>
  [...chart.querySelectorAll("rect")].map((bar) => Number(bar.getAttribute("height")));

describe("a chart", () => {
  test("is as high as its values, and has no bar where there was no case", () => {
    const [first = 0, second = 0, ...more] = heights(columns("t", bars, String));
    expect(second / first).toBe(2);
    expect(more).toEqual([]);
  });

  test("of shares is measured against the whole", () => {
    const [half = 0] = heights(columns("t", [{ label: "a", value: 0.5 }], String, 1));
    const [whole = 0] = heights(columns("t", [{ label: "a", value: 1 }], String, 1));
    expect(whole / half).toBe(2);
  });

  test("goes down from the middle below nought", () => {
    const [up, down] = [50, -50].map((value, at) => ({ label: `${at}`, value }));
    const chart = columns("t", [up, down] as Bar[], String, 100);
    const [first, second] = [...chart.querySelectorAll("rect")].map((bar) => ({
      top: Number(bar.getAttribute("y")),
      height: Number(bar.getAttribute("height")),
    }));
    expect(first?.height).toBe(second?.height);
    expect((first?.top ?? 0) + (first?.height ?? 0)).toBe(second?.top);
  });

  test("cuts a name that would run into its neighbour's", () => {
    const names = ["Asked for a person", "Order", "要求人工", "COD", "a", "b"];
    const chart = columns(
      "t",
      names.map((label) => ({ label, value: 1 })),
      String,
    );
    const shown = [...chart.querySelectorAll(".label")].map((one) => one.firstChild?.textContent);
    expect(shown).toEqual(["Asked f…", "Order", "要求人工", "COD", "a", "b"]);
    expect(chart.querySelector("title")?.textContent).toBe("Asked for a person");
  });

  test("of a month names a few days, today among them, and writes no values", () => {
    const month = Array.from({ length: 30 }, (_, at) => ({ label: `${at + 1}`, value: at }));
    const chart = columns("t", month, String);
    const names = [...chart.querySelectorAll(".label")].map(({ textContent }) => textContent);
    expect(names.at(-1)).toBe("30");
    expect(names.length).toBeLessThanOrEqual(8);
    expect(chart.querySelectorAll(".value")).toHaveLength(0);
  });

  test("says its values to who does not see it", () => {
    expect(described("Sessions", bars, String)).toBe("Sessions: 11/21 2, 11/22 –, 11/23 4");
  });
});

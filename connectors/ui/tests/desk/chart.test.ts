// @vitest-environment happy-dom
import { describe, expect, test } from "vitest";
import { columns, described } from "../../src/desk/chart";

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

  test("says its values to who does not see it", () => {
    expect(described("Sessions", bars, String)).toBe("Sessions: 11/21 2, 11/22 –, 11/23 4");
  });
});

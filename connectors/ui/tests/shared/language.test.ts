import { expect, test } from "vitest";
import { fill, known, pick } from "../../src/shared/language";

test("known reads the primary subtag of any language tag", () => {
  expect(known("zh-Hant-HK")).toBe("zh");
  expect(known("EN-gb")).toBe("en");
  for (const other of ["fr", "auto", "zhx", "", null, undefined])
    expect(known(other)).toBeUndefined();
});

test("pick takes the first tag it knows and English when it knows none", () => {
  expect(pick(null, "fr", "zh-CN", "en")).toBe("zh");
  expect(pick("fr", "de")).toBe("en");
});

test("fill puts values in, keeps unknown names, and inserts a zero", () => {
  expect(fill("还可输入 {n} 字 {x}", { n: 0 })).toBe("还可输入 0 字 {x}");
});

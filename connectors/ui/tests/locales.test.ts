import { describe, expect, test } from "vitest";
import casesEn from "../src/locales/cases.en.json";
import casesZh from "../src/locales/cases.zh.json";
import deskEn from "../src/locales/desk.en.json";
import deskZh from "../src/locales/desk.zh.json";
import editorEn from "../src/locales/editor.en.json";
import editorZh from "../src/locales/editor.zh.json";
import en from "../src/locales/en.json";
import zh from "../src/locales/zh.json";

/** Every text by its path: "chat.send" -> "Send". */
function texts(value: unknown, path = ""): [string, string][] {
  if (typeof value === "string") return [[path, value]];
  return Object.entries(value as object).flatMap(([key, inner]) =>
    texts(inner, path ? `${path}.${key}` : key),
  );
}

const chinese = new Map(texts({ ...zh, cases: casesZh, desk: deskZh, editor: editorZh }));
const english = new Map(texts({ ...en, cases: casesEn, desk: deskEn, editor: editorEn }));
const names = (text: string | undefined) => (text?.match(/\{\w+\}/g) ?? []).sort();
/** Texts that are not in the language of their file: the switch, and questions in the other one. */
const foreign = /otherLanguage|questions\.|channels\.telegram/;

describe("the two languages", () => {
  test("have the same texts", () => {
    expect([...english.keys()].sort()).toEqual([...chinese.keys()].sort());
  });

  test.each([...chinese.keys()])("%s: not empty, same placeholders", (key) => {
    expect(chinese.get(key)?.trim()).toBeTruthy();
    expect(english.get(key)?.trim()).toBeTruthy();
    expect(names(english.get(key))).toEqual(names(chinese.get(key)));
  });

  test.each([...chinese.keys()].filter((key) => !foreign.test(key)))(
    "%s: right language",
    (key) => {
      expect(chinese.get(key)).toMatch(/\p{Script=Han}/u);
      // The sentence that says which languages work names them in their own script.
      expect(english.get(key)?.replace("中文", "")).not.toMatch(/\p{Script=Han}/u);
    },
  );

  test("Chinese texts use full-width punctuation between Chinese characters", () => {
    for (const text of chinese.values()) expect(text).not.toMatch(/\p{Script=Han}[,;:!?]/u);
  });
});

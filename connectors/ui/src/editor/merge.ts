/** The merge view: what somebody else changed, what fits together, and where a person must choose. */

import { open } from "../shared/dialog";
import { h } from "../shared/dom";
import { fill, type Lang } from "../shared/language";
import { diff } from "./diff";
import type { FaqRecord, Merge, Stored } from "./model";
import { named, WORDS } from "./words";

/** Asks, and returns the record to go on with. Closing the dialog keeps one's own text. */
export function askMerge(merge: Merge, mine: FaqRecord, lang: Lang): Promise<Stored> {
  const words = WORDS[lang].merge;
  const chosen: FaqRecord = structuredClone(
    "id" in merge.merged ? (merge.merged as FaqRecord) : mine,
  );
  return new Promise((resolve) => {
    const choices = merge.conflicts.map((path) => {
      const name = named(WORDS[lang].fields, path);
      const option = (whose: "mine" | "theirs", text: string) => {
        const input = h("input", {
          type: "radio",
          name: path,
          value: whose,
          checked: whose === "mine",
          "data-testid": `${whose}-${path}`,
          onchange: () => put(chosen, path, text),
        });
        const label = whose === "mine" ? words.mine : fill(words.theirs, { who: merge.who });
        return h("label", { class: "version" }, input, h("b", {}, label), h("span", {}, text));
      };
      return h(
        "fieldset",
        { class: "conflict" },
        h("legend", {}, fill(words.choose, { field: name })),
        option("mine", text(mine, path)),
        option("theirs", text(merge.theirs, path)),
      );
    });
    const done = h(
      "button",
      {
        type: "button",
        class: "primary",
        "data-testid": "merge-done",
        onclick: () => {
          dialog.close("merged");
        },
      },
      words.goOn,
    );
    const body = h(
      "div",
      { class: "merge", "data-testid": "merge" },
      h("p", {}, merge.who ? fill(words.changed, { who: merge.who }) : words.changedInFiles),
      diff(merge.changes, lang),
      merge.conflicts.length === 0 && h("p", { class: "callout" }, words.fits),
      ...choices,
      done,
    );
    const dialog = open(words.title, words.keepMine, body);
    dialog.classList.add("wide");
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "merged" ? chosen : mine);
    });
  });
}

function text(record: Stored, path: string): string {
  let value: unknown = record;
  for (const name of path.split("."))
    value = (value as Record<string, unknown> | undefined)?.[name];
  return value === undefined ? "" : String(value);
}

function put(record: FaqRecord, path: string, value: string): void {
  const route = path.split(".");
  const name = route.pop() as string;
  let inner: Record<string, unknown> = record;
  for (const step of route) {
    inner[step] ??= {};
    inner = inner[step] as Record<string, unknown>;
  }
  inner[name] = value;
}

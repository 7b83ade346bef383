/** Two versions of a record side by side, as marks in one text. */

import { h } from "../shared/dom";
import type { Lang } from "../shared/language";
import type { FieldChange } from "./model";
import { named, WORDS } from "./words";

/** Returns the changed fields with what went and what came. */
export function diff(changes: readonly FieldChange[], lang: Lang): HTMLElement {
  const words = WORDS[lang];
  if (changes.length === 0) return h("p", { class: "faint" }, words.diff.same);
  return h(
    "dl",
    { class: "diff" },
    ...changes.flatMap(({ path, parts, is_list }) => [
      h("dt", {}, named(words.fields, path)),
      is_list
        ? h(
            "dd",
            {},
            h(
              "ul",
              {},
              ...parts
                .filter(([kind]) => kind !== "same")
                .map(([kind, text]) => h("li", {}, marked(kind, text))),
            ),
          )
        : h("dd", { class: "text" }, ...parts.map(([kind, text]) => marked(kind, text))),
    ]),
  );
}

function marked(kind: "same" | "gone" | "new", text: string): HTMLElement | string {
  if (kind === "same") return text;
  return kind === "gone" ? h("del", {}, text) : h("ins", {}, text);
}

/** What went live, by press of "publish", each to be taken back. */

import { h } from "../shared/dom";
import { fill, type Lang } from "../shared/language";
import { moment } from "../shared/time";
import { diff } from "./diff";
import type { Publish } from "./model";
import { WORDS } from "./words";

export function historyPage(
  entries: readonly Publish[],
  lang: Lang,
  publishes: boolean,
  undo: (publish: string) => void,
  openRecord: (id: string) => void,
): HTMLElement {
  const words = WORDS[lang].history;
  return h(
    "section",
    { class: "sheet scroll", "aria-label": words.title, "data-testid": "history" },
    h("h2", {}, words.title),
    h("p", { class: "tip" }, words.tip),
    entries.length === 0 && h("p", { class: "empty" }, words.none),
    ...entries.map((entry) =>
      h(
        "article",
        { class: "card", "data-testid": "publish-entry" },
        h(
          "header",
          {},
          h("strong", {}, entry.publisher),
          h("span", { class: "faint" }, moment(entry.at, lang)),
          h("span", { class: "chip plain" }, fill(words.records, { n: entry.count })),
          entry.commit !== null && h("span", { class: "chip plain" }, `git ${entry.commit}`),
          entry.undoes !== null && h("span", { class: "chip high" }, words.isUndo),
          entry.undone && h("span", { class: "chip high" }, words.undone),
          h("span", { class: "grow" }),
          publishes &&
            entry.undoable &&
            h(
              "button",
              { type: "button", "data-testid": "undo", onclick: () => undo(entry.publish) },
              words.undo,
            ),
        ),
        entry.note && h("p", {}, entry.note),
        ...entry.records
          .slice(0, 20)
          .map((record) =>
            h(
              "details",
              { open: entry.records.length === 1 },
              h("summary", {}, record.title[lang] || record.title.zh || record.id),
              h(
                "p",
                { class: "faint" },
                fill(words.by, { who: record.author }),
                " ",
                h(
                  "button",
                  { type: "button", class: "quiet", onclick: () => openRecord(record.id) },
                  words.open,
                ),
              ),
              diff(record.changes, lang),
            ),
          ),
      ),
    ),
  );
}

/** What customers asked in vain: a card for each thing they meant. */

import { h } from "../shared/dom";
import { fill, type Lang } from "../shared/language";
import { moment } from "../shared/time";
import type { Gap } from "./model";
import { meter } from "./ruling";
import { named, percent, WORDS } from "./words";

export interface GapEvents {
  dismiss(gap: Gap): void;
  attach(gap: Gap, record: string): void;
  make(gap: Gap): void;
}

export function gapsPage(gaps: readonly Gap[], lang: Lang, events: GapEvents): HTMLElement {
  const words = WORDS[lang].gaps;
  const most = Math.max(...gaps.map(({ pressure }) => pressure), 0.01);
  return h(
    "section",
    { class: "sheet scroll", "aria-label": words.title, "data-testid": "gaps" },
    h("h2", {}, words.title),
    h("p", { class: "tip" }, words.tip),
    gaps.length === 0 && h("p", { class: "empty" }, words.none),
    ...gaps.map((gap) => card(gap, most, lang, events)),
  );
}

function card(gap: Gap, most: number, lang: Lang, events: GapEvents): HTMLElement {
  const words = WORDS[lang].gaps;
  const [first, ...others] = gap.examples;
  return h(
    "article",
    { class: "card gap", "data-testid": "gap" },
    h(
      "header",
      {},
      h("strong", { class: "grow" }, first?.text ?? ""),
      h("span", { class: "pressure", title: words.pressure }, meter(gap.pressure / most)),
      h("span", { class: "chip" }, fill(words.times, { n: gap.times })),
    ),
    h(
      "p",
      { class: "faint" },
      fill(words.last, { when: moment(gap.last, lang) }),
      ...Object.entries(gap.kinds).map(([kind, n]) => ` · ${named(words.kinds, kind)} ${n}`),
    ),
    others.length > 0 &&
      h("ul", { class: "examples" }, ...others.map(({ text }) => h("li", {}, text))),
    gap.answer !== null && h("blockquote", {}, h("b", {}, words.agentSaid), h("p", {}, gap.answer)),
    h(
      "div",
      { class: "gap-deeds" },
      h(
        "button",
        {
          type: "button",
          class: "primary",
          "data-testid": "gap-make",
          onclick: () => events.make(gap),
        },
        gap.answer ? words.makeFromAnswer : words.make,
      ),
      ...gap.nearest.map(({ id, title, score }) =>
        h(
          "button",
          {
            type: "button",
            class: "nearest",
            title: words.attachHelp,
            "data-testid": "gap-attach",
            onclick: () => events.attach(gap, id),
          },
          h("span", { class: "cut" }, fill(words.attach, { title: title[lang] })),
          h("span", { class: "faint" }, percent(score)),
        ),
      ),
      h("span", { class: "grow" }),
      h(
        "button",
        {
          type: "button",
          class: "quiet",
          "data-testid": "gap-dismiss",
          onclick: () => events.dismiss(gap),
        },
        words.dismiss,
      ),
    ),
  );
}

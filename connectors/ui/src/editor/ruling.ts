/** What a customer would get for a question, with the records that come near. */

import { h } from "../shared/dom";
import { fill, type Lang } from "../shared/language";
import type { Ruling } from "./model";
import { percent, WORDS } from "./words";

/** Returns the verdict in a sentence and a bar for each record; `own` is the record being edited. */
export function ruling(found: Ruling, lang: Lang, own?: string): HTMLElement {
  const words = WORDS[lang].ruling;
  const title = (id: string) => found.hits.find((hit) => hit.id === id)?.title[lang] ?? id;
  const verdict = found.answer
    ? fill(found.answer === own ? words.answersOwn : words.answers, { title: title(found.answer) })
    : found.suggest.length
      ? fill(words.suggests, { n: found.suggest.length })
      : words.nothing;
  const kind = found.answer
    ? own && found.answer !== own
      ? "other"
      : "good"
    : found.suggest.length
      ? "half"
      : "none";
  return h(
    "div",
    { class: "ruling", "data-kind": kind, "data-answer": found.answer ?? "" },
    h("p", { class: "verdict" }, verdict),
    h(
      "ul",
      { class: "hits" },
      ...found.hits.map((hit) =>
        h(
          "li",
          { class: hit.id === own ? "hit own" : "hit" },
          h("span", { class: "grow cut", title: hit.id }, hit.title[lang]),
          meter(hit.score),
          h("span", { class: "score" }, percent(hit.score)),
        ),
      ),
    ),
  );
}

/** A bar from 0 to 1 that needs no inline style: an SVG. */
export function meter(share: number): SVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 100 6");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("class", "meter");
  svg.setAttribute("aria-hidden", "true");
  for (const [kind, width] of [
    ["rail", 100],
    ["fill", Math.round(share * 100)],
  ] as const) {
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    bar.setAttribute("class", kind);
    bar.setAttribute("width", String(width));
    bar.setAttribute("height", "6");
    bar.setAttribute("rx", "3");
    svg.append(bar);
  }
  return svg;
}

/** How sure the bot must be: what would become of labelled questions at each threshold. */

import { h } from "../shared/dom";
import { fill, type Lang } from "../shared/language";
import type { Curve, Curves } from "./model";
import { named, percent, WORDS } from "./words";

const PARTS = ["right", "wrong", "suggested", "passed_on"] as const;
const WIDTH = 600;
const HEIGHT = 220;
const SCALE = [0, 0.25, 0.5, 0.75, 1];

export interface ThresholdEvents {
  measure(file: File): void;
  choose(language: Lang, answer: number, suggest: number): void;
}

export function thresholdsPage(
  found: Curves,
  lang: Lang,
  publishes: boolean,
  events: ThresholdEvents,
): HTMLElement {
  const words = WORDS[lang].thresholds;
  const file = h("input", {
    type: "file",
    id: "labels",
    class: "file",
    accept: ".jsonl,.json",
    "data-testid": "labels",
  });
  file.addEventListener("change", () => {
    const [chosen] = file.files ?? [];
    if (chosen) events.measure(chosen);
  });
  const pinned = Object.keys(found.pinned);
  return h(
    "section",
    { class: "sheet scroll", "aria-label": words.title, "data-testid": "thresholds" },
    h("h2", {}, words.title),
    h("p", { class: "tip" }, words.tip),
    h(
      "div",
      { class: "measure" },
      h("p", { class: "grow" }, fill(words.labels, { n: found.labels })),
      h("label", { for: "labels", class: "button" }, words.file, file),
    ),
    pinned.length > 0 &&
      h("p", { class: "callout warn" }, fill(words.pinned, { names: pinned.join(", ") })),
    found.curves.length === 0 && h("p", { class: "empty" }, words.none),
    // One's own language first.
    ...found.curves
      .toSorted((a, b) => Number(b.language === lang) - Number(a.language === lang))
      .map((curve) => card(curve, lang, publishes && pinned.length === 0, events.choose)),
  );
}

function card(
  curve: Curve,
  lang: Lang,
  mayChoose: boolean,
  choose: ThresholdEvents["choose"],
): HTMLElement {
  const words = WORDS[lang].thresholds;
  const slider = h("input", {
    type: "range",
    class: "along",
    id: `threshold-${curve.language}`,
    "data-testid": `threshold-${curve.language}`,
    min: 0,
    max: 100,
    value: Math.round(curve.answer * 100),
  });
  const outcome = h("ul", { class: "tally" });
  const value = h("output", { for: slider.id, class: "score" });
  const plot = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "plot", role: "img" });
  plot.setAttribute("aria-label", words.plot);
  const marker = svg("line", { class: "marker", y1: 0, y2: HEIGHT });
  const inForce = svg("line", { class: "in-force", y1: 0, y2: HEIGHT });
  const at = Math.round(curve.answer * WIDTH);
  inForce.setAttribute("x1", String(at));
  inForce.setAttribute("x2", String(at));
  plot.append(...areas(curve), inForce, marker);
  const button = h(
    "button",
    {
      type: "button",
      class: "primary",
      "data-testid": `choose-${curve.language}`,
      onclick: () => {
        const answer = Number(slider.value) / 100;
        choose(curve.language, answer, Math.min(curve.suggest, answer));
      },
    },
    words.choose,
  );
  const draw = () => {
    const step = Number(slider.value);
    const point = curve.points[step];
    value.textContent = percent(step / 100);
    marker.setAttribute("x1", String((step / 100) * WIDTH));
    marker.setAttribute("x2", String((step / 100) * WIDTH));
    outcome.replaceChildren(
      ...PARTS.map((part) =>
        h(
          "li",
          { "data-part": part },
          h("b", {}, percent(point?.[part] ?? 0)),
          h("span", {}, named(words.parts, part)),
        ),
      ),
    );
    button.disabled = !mayChoose || step === Math.round(curve.answer * 100);
  };
  slider.addEventListener("input", draw);
  draw();
  return h(
    "article",
    { class: "card curve" },
    h(
      "header",
      {},
      h("strong", { class: "grow" }, named(WORDS[lang].languages, curve.language)),
      h("span", { class: "faint" }, fill(words.questions, { n: curve.questions })),
    ),
    plot as unknown as HTMLElement,
    // As wide as the plot: the handle stands under the point that it chooses.
    slider,
    h(
      "div",
      { class: "scale faint", "aria-hidden": "true" },
      ...SCALE.map((at) => h("span", {}, percent(at))),
    ),
    h(
      "div",
      { class: "slide" },
      h("label", { for: slider.id }, words.answerFrom),
      value,
      h("span", { class: "grow" }),
      button,
    ),
    outcome,
  );
}

/** The four shares stacked, over the threshold from 0 to 1. */
function areas(curve: Curve): SVGElement[] {
  const last = curve.points.length - 1;
  const x = (index: number) => (index / last) * WIDTH;
  let below = curve.points.map(() => 0);
  return PARTS.map((part) => {
    const above = curve.points.map((point, index) => (below[index] ?? 0) + point[part]);
    const up = above.map((share, index) => `${x(index)},${HEIGHT - share * HEIGHT}`);
    const down = below.map((share, index) => `${x(index)},${HEIGHT - share * HEIGHT}`).reverse();
    below = above;
    return svg("polygon", { class: `area ${part}`, points: [...up, ...down].join(" ") });
  });
}

function svg(tag: string, attributes: Record<string, string | number>): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

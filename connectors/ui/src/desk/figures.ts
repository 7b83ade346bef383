/** The service figures of the last days, for those who direct. */

import { open } from "../shared/dialog";
import { h } from "../shared/dom";
import { fill, type Lang } from "../shared/language";
import { api } from "./api";
import { type Bar, columns } from "./chart";
import type { Catalogue, Figures } from "./model";
import { span, WORDS, type Words } from "./words";

const DAYS = 7;

type Cell = (line: Figures) => string;

/** Opens the dialog; the figures are those of `yingda report service`. */
export async function showFigures(catalogue: Catalogue, lang: Lang): Promise<void> {
  const words = WORDS[lang];
  const [all, days, reasons] = await Promise.all([
    api.report(DAYS, "all"),
    api.report(DAYS, "day"),
    api.report(DAYS, "reason"),
  ]);
  const columns = columnsOf(words, lang);
  const reason = (code: string) => catalogue.reasons[code]?.[lang] ?? code;
  const body = h(
    "div",
    { class: "figures", tabindex: 0, role: "region", "aria-label": words.figures },
    all.length === 0 && h("p", { class: "empty" }, words.figuresNone),
    all.length > 0 && charts(days, words, lang),
    all.length > 0 &&
      table(words.byDay, columns, [
        ...days.map((line): [string, Figures] => [line.group, line]),
        ...all.map((line): [string, Figures] => [words.together, line]),
      ]),
    reasons.length > 0 &&
      table(
        words.byReason,
        columns.filter(([name]) => name !== words.contained && name !== words.sessions),
        reasons.map((line): [string, Figures] => [reason(line.group), line]),
      ),
  );
  const dialog = open(fill(words.figuresOf, { n: DAYS }), words.dismiss, body);
  dialog.classList.add("wide");
}

function charts(days: readonly Figures[], words: Words, lang: Lang): HTMLElement {
  const of = (value: (line: Figures) => number | null) =>
    days.map((line) => ({ label: line.group.slice(5).replace("-", "/"), value: value(line) }));
  const percent = (value: number) => `${Math.round(value * 100)}%`;
  const time = (value: number) => span(value, lang);
  const charts: [string, Bar[], (value: number) => string, number?][] = [
    [words.sessions, of(({ sessions }) => sessions), String],
    [words.contained, of(({ containment }) => containment), percent, 1],
    [words.firstResponse, of((line) => line.first_response_median_s), time],
    [words.csat, of(({ csat }) => csat), percent, 1],
  ];
  return h(
    "div",
    { class: "charts" },
    ...charts
      .filter(([, bars]) => bars.some(({ value }) => value !== null))
      .map(([title, bars, show, top]) =>
        h("figure", {}, h("figcaption", {}, title), columns(title, bars, show, top)),
      ),
  );
}

function columnsOf(words: Words, lang: Lang): [string, Cell][] {
  const share = (value: number | null) => (value === null ? "–" : `${Math.round(value * 100)}%`);
  const time = (value: number | null) => (value === null ? "–" : span(value, lang));
  return [
    [words.sessions, ({ sessions }) => String(sessions)],
    [words.handoffs, ({ handoffs }) => String(handoffs)],
    [words.handoffRate, (line) => share(line.handoff_rate)],
    [words.contained, (line) => share(line.containment)],
    [words.toHuman, (line) => time(line.time_to_human_median_s)],
    [words.firstResponse, (line) => time(line.first_response_median_s)],
    [words.handling, (line) => time(line.handling_median_s)],
    [words.resolved, (line) => share(line.resolution_rate)],
    [words.leftQueue, (line) => share(line.abandoned_rate)],
    [words.nps, (line) => (line.nps_answers ? `${line.nps} (${line.nps_answers})` : "–")],
    [words.csat, (line) => (line.ratings ? `${share(line.csat)} (${line.ratings})` : "–")],
  ];
}

function table(title: string, columns: [string, Cell][], lines: [string, Figures][]): HTMLElement {
  return h(
    "table",
    {},
    h("caption", {}, title),
    h(
      "thead",
      {},
      h("tr", {}, h("td"), ...columns.map(([name]) => h("th", { scope: "col" }, name))),
    ),
    h(
      "tbody",
      {},
      ...lines.map(([name, line]) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, name),
          ...columns.map(([, cell]) => h("td", {}, cell(line))),
        ),
      ),
    ),
  );
}

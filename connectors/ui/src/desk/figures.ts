/** The service figures of the last days, for those who direct: charts, a table and a file. */

import { open } from "../shared/dialog";
import { h } from "../shared/dom";
import type { Lang } from "../shared/language";
import { api } from "./api";
import { type Bar, columns } from "./chart";
import type { Catalogue, Figures } from "./model";
import { exact, named, span, WORDS, type Words } from "./words";

const PERIODS = [7, 30, 90];
const GROUPS = ["day", "channel", "language", "reason"] as const;

type Group = (typeof GROUPS)[number];
type Cell = (line: Figures) => string;

/** Opens the dialog; the figures are those of `yingda report service`. */
export async function showFigures(
  catalogue: Catalogue,
  lang: Lang,
  failed: (error: unknown) => void,
): Promise<void> {
  const words = WORDS[lang];
  const shown = h("div", {});
  const file = h("a", { class: "button", download: "", "data-testid": "figures-file" }, words.csv);
  let days = 7;
  let by: Group = "day";
  let asked = 0;
  const draw = async () => {
    asked += 1;
    const mine = asked;
    const [all, lines] = await Promise.all([api.report(days, "all"), api.report(days, by)]);
    if (mine !== asked) return; // another choice was quicker
    file.href = api.reportFile(days, by);
    shown.replaceChildren(...drawn(all, lines, by, catalogue, lang));
  };
  await draw();
  const choose = (change: () => void) => {
    change();
    void draw().catch(failed);
  };
  const body = h(
    "div",
    { class: "figures", tabindex: 0, role: "region", "aria-label": words.figures },
    h(
      "div",
      { class: "figures-top" },
      segments(
        words.period,
        PERIODS.map((n) => [n, `${span(n * 86_400, lang)}`]),
        days,
        (n) =>
          choose(() => {
            days = n;
          }),
      ),
      segments(
        words.groupedBy,
        GROUPS.map((one) => [one, words.groups[one]]),
        by,
        (one) =>
          choose(() => {
            by = one;
          }),
      ),
      h("span", { class: "grow" }),
      file,
    ),
    shown,
  );
  const dialog = open(words.figures, words.dismiss, body);
  dialog.classList.add("wide", "figures-dialog");
}

function segments<T extends string | number>(
  label: string,
  choices: [T, string][],
  chosen: T,
  choose: (value: T) => void,
): HTMLElement {
  const buttons = choices.map(([value, name]) => {
    const button = h(
      "button",
      {
        type: "button",
        "aria-pressed": String(value === chosen),
        "data-testid": `figures-${value}`,
        onclick: () => {
          for (const one of buttons) one.setAttribute("aria-pressed", String(one === button));
          choose(value);
        },
      },
      name,
    );
    return button;
  });
  return h("div", { class: "segments", role: "group", "aria-label": label }, ...buttons);
}

function drawn(
  all: readonly Figures[],
  lines: readonly Figures[],
  by: Group,
  catalogue: Catalogue,
  lang: Lang,
): HTMLElement[] {
  const words = WORDS[lang];
  if (all.length === 0) return [h("p", { class: "empty" }, words.figuresNone)];
  const name = (group: string) =>
    ({
      day: group,
      channel: named(words.channels, group),
      language: { zh: words.languageZh, en: words.languageEn }[group] ?? words.languageUnknown,
      reason: catalogue.reasons[group]?.[lang] ?? group,
    })[by];
  // The charts have every day; a table of empty lines says nothing. The newest is on top.
  const told = by === "day" ? lines.filter(happened).reverse() : lines;
  const rows = told.map((line): [string, Figures] => [name(line.group), line]);
  if (by !== "reason") rows.push(...all.map((line): [string, Figures] => [words.together, line]));
  return [
    charts(
      lines,
      (group) => (by === "day" ? group.slice(5).replace("-", "/") : name(group)),
      by,
      lang,
    ),
    table(words.groups[by], columnsOf(words, lang, by), rows),
    h("p", { class: "faint" }, words.figuresHow),
  ];
}

function happened({ sessions, handoffs, ratings, nps_answers }: Figures): boolean {
  return sessions + handoffs + ratings + nps_answers > 0;
}

function charts(
  lines: readonly Figures[],
  label: (group: string) => string,
  by: Group,
  lang: Lang,
): HTMLElement {
  const words = WORDS[lang];
  const percent = (value: number) => `${Math.round(value * 100)}%`;
  const time = (value: number) => exact(value, lang);
  type Chart = [string, (line: Figures) => number | null, (value: number) => string, number?];
  const ofSessions: Chart[] = [
    [words.sessions, (line) => line.sessions, String],
    [words.contained, (line) => line.containment, percent, 1],
  ];
  const all: Chart[] = [
    ...(by === "reason" ? [] : ofSessions),
    [words.handoffRate, (line) => line.handoff_rate, percent, 1],
    [words.toHuman, (line) => line.time_to_human_median_s, time],
    [words.firstResponse, (line) => line.first_response_median_s, time],
    [words.handling, (line) => line.handling_median_s, time],
    [words.csat, (line) => line.csat, percent, 1],
    [words.nps, (line) => (line.nps_answers ? line.nps : null), String, 100],
  ];
  return h(
    "div",
    { class: "charts" },
    ...all.flatMap(([title, value, show, top]) => {
      const bars = lines.map((line): Bar => ({ label: label(line.group), value: value(line) }));
      if (bars.every((bar) => bar.value === null)) return [];
      return [h("figure", {}, h("figcaption", {}, title), columns(title, bars, show, top))];
    }),
  );
}

function columnsOf(words: Words, lang: Lang, by: Group): [string, Cell][] {
  const share = (value: number | null) => (value === null ? "–" : `${Math.round(value * 100)}%`);
  const time = (value: number | null) => (value === null ? "–" : exact(value, lang));
  const times = (median: number | null, p90: number | null) =>
    median === null ? "–" : `${time(median)} (${time(p90)})`;
  const ofSessions: [string, Cell][] = [
    [words.sessions, ({ sessions }) => String(sessions)],
    [words.contained, (line) => share(line.containment)],
  ];
  return [
    // A reason belongs to no session that went without a person.
    ...(by === "reason" ? [] : ofSessions),
    [words.handoffs, ({ handoffs }) => String(handoffs)],
    [words.handoffRate, (line) => share(line.handoff_rate)],
    [words.toHuman, (line) => times(line.time_to_human_median_s, line.time_to_human_p90_s)],
    [words.firstResponse, (line) => times(line.first_response_median_s, line.first_response_p90_s)],
    [words.handling, (line) => time(line.handling_median_s)],
    [words.resolved, (line) => share(line.resolution_rate)],
    [words.leftQueue, (line) => share(line.abandoned_rate)],
    [words.csat, (line) => (line.ratings ? `${share(line.csat)} (${line.ratings})` : "–")],
    [words.nps, (line) => (line.nps_answers ? `${line.nps} (${line.nps_answers})` : "–")],
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

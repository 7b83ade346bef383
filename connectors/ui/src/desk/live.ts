/** The live board of those who direct: who waits, what each agent has in hand, and the assignment. */

import { open } from "../shared/dialog";
import { h } from "../shared/dom";
import { fill, type Lang } from "../shared/language";
import { api } from "./api";
import type { Catalogue, LiveBoard, Waits } from "./model";
import { span, WORDS, type Words } from "./words";

const REFRESH_MS = 3_000;

/** Opens the board, and keeps it fresh while it is open. */
export async function showLive(
  catalogue: Catalogue,
  lang: Lang,
  failed: (error: unknown) => void,
): Promise<void> {
  const words = WORDS[lang];
  const body = h("div", {
    class: "figures live",
    tabindex: 0,
    role: "region",
    "aria-label": words.live,
    "data-testid": "live",
  });
  let shown = "";
  const refresh = async () => {
    const board = await api.live();
    // Somebody is typing a number: do not take the field away.
    if (
      body.contains(document.activeElement) &&
      document.activeElement?.matches("input[type=number]")
    )
      return;
    const state = JSON.stringify(board);
    if (state === shown) return;
    shown = state;
    const focus = (document.activeElement as HTMLElement | null)?.dataset.testid;
    body.replaceChildren(...draw(board, catalogue, words, lang, act));
    if (focus) body.querySelector<HTMLElement>(`[data-testid="${focus}"]`)?.focus();
  };
  const act = (deed: Promise<unknown>) => void deed.then(refresh).catch(failed);
  await refresh();
  const timer = setInterval(() => void refresh().catch(() => undefined), REFRESH_MS);
  const dialog = open(words.live, words.dismiss, body);
  dialog.classList.add("wide");
  dialog.addEventListener("close", () => clearInterval(timer));
}

type Act = (deed: Promise<unknown>) => void;

function draw(
  board: LiveBoard,
  catalogue: Catalogue,
  words: Words,
  lang: Lang,
  act: Act,
): HTMLElement[] {
  const { all } = board;
  const tile = (name: string, value: string, bad = false) =>
    h("div", { class: bad ? "tile bad" : "tile" }, h("strong", {}, value), h("span", {}, name));
  const teams = Object.entries(board.teams);
  return [
    h(
      "div",
      { class: "tiles" },
      tile(words.waiting, String(all.waiting)),
      tile(words.longestWait, time(all, lang)),
      tile(words.lateOnes, String(all.late), all.late > 0),
      tile(words.callsWished, String(all.calls)),
      tile(words.served, String(all.served)),
      tile(words.handling, board.handling_s === null ? "–" : span(board.handling_s, lang)),
    ),
    h(
      "label",
      { class: "switch" },
      checkbox(board.assigns, "assigns", (on) => act(api.setAssigns(on))),
      h("span", {}, words.assigns),
    ),
    h(
      "table",
      {},
      h("caption", {}, words.agents),
      head([words.load1, words.capacity, words.accepting]),
      h(
        "tbody",
        {},
        ...board.agents.map((agent) =>
          h(
            "tr",
            { "data-testid": `agent-${agent.login}` },
            h(
              "th",
              { scope: "row" },
              h("span", { class: agent.online ? "link on" : "link" }),
              agent.online ? agent.name : `${agent.name} · ${words.away}`,
            ),
            h("td", {}, `${agent.load}`),
            h("td", {}, capacity(agent.login, agent.capacity, agent.name, words, act)),
            h(
              "td",
              {},
              checkbox(
                agent.accepting,
                `accepting-${agent.login}`,
                (on) => act(api.setAgent(agent.login, { accepting: on })),
                fill(words.acceptingOf, { name: agent.name }),
              ),
            ),
          ),
        ),
      ),
    ),
    ...(teams.length > 1
      ? [
          h(
            "table",
            {},
            h("caption", {}, words.teams),
            head([words.waiting, words.longestWait, words.lateOnes, words.served]),
            h(
              "tbody",
              {},
              ...teams.map(([id, waits]) =>
                h(
                  "tr",
                  {},
                  h("th", { scope: "row" }, catalogue.teams[id]?.[lang] ?? id),
                  h("td", {}, String(waits.waiting)),
                  h("td", {}, time(waits, lang)),
                  h("td", {}, String(waits.late)),
                  h("td", {}, String(waits.served)),
                ),
              ),
            ),
          ),
        ]
      : []),
  ];
}

function head(names: string[]): HTMLElement {
  return h(
    "thead",
    {},
    h("tr", {}, h("td"), ...names.map((name) => h("th", { scope: "col" }, name))),
  );
}

function checkbox(
  on: boolean,
  testId: string,
  changed: (on: boolean) => void,
  label?: string,
): HTMLInputElement {
  const box = h("input", {
    type: "checkbox",
    checked: on,
    "data-testid": testId,
    "aria-label": label,
  });
  box.addEventListener("change", () => changed(box.checked));
  return box;
}

function capacity(
  login: string,
  value: number,
  name: string,
  words: Words,
  act: Act,
): HTMLInputElement {
  const field = h("input", {
    type: "number",
    min: 1,
    max: 100,
    value,
    "aria-label": fill(words.capacityOf, { name }),
    "data-testid": `capacity-${login}`,
  });
  field.addEventListener("change", () => {
    if (!field.checkValidity() || !field.value) return;
    field.blur();
    act(api.setAgent(login, { capacity: field.valueAsNumber }));
  });
  return field;
}

function time(waits: Waits, lang: Lang): string {
  return waits.longest_s === null ? "–" : span(waits.longest_s, lang);
}

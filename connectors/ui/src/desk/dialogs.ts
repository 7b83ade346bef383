/** The dialogs: transfer, close, shortcuts. Native ones: focus, Escape and backdrop are the browser's. */

import { open } from "../shared/dialog";
import { h } from "../shared/dom";
import { fill, type Lang } from "../shared/language";
import { sleeps } from "./lists";
import type { Store } from "./store";
import { span, WORDS } from "./words";

interface Choice {
  label: string;
  detail?: string;
  testId: string;
  chosen(): void;
}

/** Asks whom to transfer to. */
export async function askPass(store: Store, lang: Lang): Promise<void> {
  const words = WORDS[lang];
  await store.loadColleagues();
  const people = [...store.colleagues].sort(
    (a, b) => Number(b.online) - Number(a.online) || a.load - b.load,
  );
  ask(words.passTitle, words.cancel, [
    ...people.map(({ login, name, load, online, accepting }) => ({
      label: name,
      detail: online ? fill(accepting ? words.load : words.paused, { n: load }) : words.away,
      testId: `to-${login}`,
      chosen: () => void store.passOn(login),
    })),
    ...Object.entries(store.catalogue.teams).map(([id, team]) => ({
      label: team[lang],
      detail: team.partner ?? words.team,
      testId: `to-team-${id}`,
      chosen: () => void store.passOn(null, id),
    })),
    { label: words.passQueue, testId: "to-queue", chosen: () => void store.passOn(null) },
    { label: words.passBot, testId: "to-bot", chosen: () => void store.giveBack() },
  ]);
}

/** Asks how it ended. */
export function askClose(store: Store, lang: Lang): void {
  const words = WORDS[lang];
  ask(
    words.closeTitle,
    words.cancel,
    Object.entries(store.catalogue.resolutions).map(([code, name]) => ({
      label: name[lang],
      testId: `close-${code}`,
      chosen: () => void store.close(code),
    })),
  );
}

/** Asks for how long to put the conversation out of sight. */
export function askSnooze(store: Store, lang: Lang): void {
  const words = WORDS[lang];
  const lengths = [15, 60, 240, 1440];
  const asleep = store.row && sleeps(store.row);
  ask(words.snoozeTitle, words.cancel, [
    ...lengths.map((minutes) => ({
      label: span(minutes * 60, lang),
      testId: `snooze-${minutes}`,
      chosen: () => void store.snooze(minutes),
    })),
    ...(asleep
      ? [{ label: words.wake, testId: "snooze-0", chosen: () => void store.snooze(0) }]
      : []),
  ]);
}

/** Shows the keys. */
export function showKeys(lang: Lang, directs: boolean): void {
  const { keys, help, dismiss } = WORDS[lang];
  const rows: [string[], string][] = [
    [["J"], keys.next],
    [["K"], keys.previous],
    [["Enter"], keys.open],
    [["[", "]"], keys.tabs],
    [["T"], keys.take],
    [["R"], keys.reply],
    [["N"], keys.note],
    [["/"], keys.canned],
    [["Alt 1", "2", "3"], keys.suggestion],
    [["P"], keys.pass],
    [["S"], keys.snooze],
    [["G"], keys.giveBack],
    [["X"], keys.close],
    [["D"], keys.details],
    [["C"], keys.cases],
    ...(directs
      ? ([
          [["I"], keys.join],
          [["L"], keys.live],
          [["F"], keys.figures],
        ] as [string[], string][])
      : []),
    [["Esc"], keys.leave],
    [["?"], keys.help],
  ];
  const list = h(
    "dl",
    { class: "keys" },
    ...rows.flatMap(([names, what]) => [
      h("dt", {}, ...names.map((name) => h("kbd", {}, name))),
      h("dd", {}, what),
    ]),
  );
  open(help, dismiss, list);
}

/** Choices answer to 1–9 as well. */
function ask(title: string, cancel: string, choices: Choice[]): void {
  const buttons = choices.map(({ label, detail, testId, chosen }, index) =>
    h(
      "button",
      {
        type: "button",
        class: "choice",
        "data-testid": testId,
        onclick: () => {
          dialog.close();
          chosen();
        },
      },
      index < 9 && h("kbd", {}, String(index + 1)),
      h("span", { class: "grow" }, label),
      detail && h("span", { class: "faint" }, detail),
    ),
  );
  const dialog = open(title, cancel, h("div", { class: "choices" }, ...buttons));
  dialog.addEventListener("keydown", (event) => {
    const button = buttons[Number(event.key) - 1];
    if (button && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      button.click();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
      const next = at + (event.key === "ArrowDown" ? 1 : -1);
      buttons[(next + buttons.length) % buttons.length]?.focus();
    }
  });
  buttons[0]?.focus();
}

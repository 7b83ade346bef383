/** The bar on top: how it stands, and the page's own switches. */

import { h, icon } from "../shared/dom";
import { setText } from "../shared/draw";
import { iconButton } from "../shared/icon-button";
import { MARK } from "../shared/icons";
import { fill, type Lang } from "../shared/language";
import type { Bell } from "./bell";
import { BELL, BELL_OFF, BOARD, CHART, EXIT, KEYS, MOON, PAUSE, PLAY, SUN } from "./icons";
import type { Store } from "./store";
import { theme, turnTheme } from "./theme";
import { WORDS, type Words, waited } from "./words";

export interface BarActions {
  /** The button that leads to the cases. */
  cases: HTMLElement;
  figures(): void;
  live(): void;
  keys(): void;
  language(): void;
  signOut(): void;
}

export class TopBar {
  readonly element: HTMLElement;
  readonly #words: Words;
  readonly #waiting = h("span");
  /** On a phone there is no room for it; the rows tell it there. */
  readonly #longest = h("span", { class: "no-narrow" });
  readonly #state = h(
    "p",
    { class: "board", role: "status", "data-testid": "board" },
    this.#waiting,
    this.#longest,
  );
  readonly #link = h("span", { class: "link", "data-testid": "link" });
  readonly #sound: HTMLButtonElement;
  readonly #notify: HTMLButtonElement;
  readonly #accepting: HTMLButtonElement;
  readonly #theme: HTMLButtonElement;

  constructor(
    private readonly store: Store,
    private readonly lang: Lang,
    private readonly bell: Bell,
    actions: BarActions,
  ) {
    const words = WORDS[lang];
    this.#words = words;
    this.#sound = iconButton(words.soundOn, BELL, "", "sound", () => {
      bell.toggle();
      this.render();
    });
    this.#notify = h(
      "button",
      {
        type: "button",
        class: "quiet no-narrow",
        "data-testid": "notify",
        onclick: () => void bell.ask().then(() => this.render()),
      },
      words.notify,
    );
    this.#accepting = iconButton(words.takesNew, PLAY, "", "accepting", () => {
      void store.accept(!store.accepting);
    });
    this.#theme = iconButton(words.themes.auto, MOON, "no-narrow", "theme", () => {
      turnTheme();
      this.render();
    });
    this.element = h(
      "header",
      { class: "bar" },
      h("span", { class: "mark" }, icon(MARK)),
      h("h1", { class: "product" }, words.title),
      this.#state,
      h("span", { class: "grow" }),
      store.directs && iconButton(words.live, BOARD, "", "live-board", actions.live),
      store.directs && iconButton(words.figures, CHART, "", "figures", actions.figures),
      actions.cases,
      this.#notify,
      this.#accepting,
      this.#sound,
      this.#theme,
      iconButton(words.help, KEYS, "no-narrow", "keys", actions.keys),
      h(
        "button",
        {
          type: "button",
          class: "quiet",
          lang: lang === "zh" ? "en" : "zh-CN",
          "data-testid": "language",
          onclick: actions.language,
        },
        h("span", { class: "no-narrow" }, words.otherLanguage),
        h("span", { class: "only-narrow" }, words.otherLanguageShort),
      ),
      h("span", { class: "me" }, this.#link, h("span", { class: "me-name" }, store.me.name)),
      iconButton(words.signOut, EXIT, "", "sign-out", actions.signOut),
    );
  }

  render(): void {
    const words = this.#words;
    const { store, lang } = this;
    const waiting = [...store.rows.values()].filter(({ state }) => state === "queued");
    const longest = waiting
      .flatMap(({ since }) => since ?? [])
      .sort()
      .at(0);
    const count = waiting.length
      ? fill(words.waitingNow, { n: waiting.length })
      : words.nobodyWaits;
    const known = store.online || !store.loaded;
    setText(this.#waiting, known ? count : words.offline);
    setText(
      this.#longest,
      known && longest ? ` · ${fill(words.longest, { time: waited(longest, lang) })}` : "",
    );
    this.#state.classList.toggle("bad", store.loaded && !store.online);
    this.#link.classList.toggle("on", store.online);
    this.#link.title = store.online ? words.online : words.offline;
    this.#notify.hidden = !this.bell.mayAsk;
    const { on } = this.bell;
    const label = on ? words.soundOn : words.soundOff;
    redraw(this.#sound, label, on ? BELL : BELL_OFF);
    const { accepting } = this.store;
    redraw(this.#accepting, accepting ? words.takesNew : words.takesNone, accepting ? PLAY : PAUSE);
    this.#accepting.classList.toggle("paused", !accepting);
    redraw(this.#theme, words.themes[theme()], theme() === "light" ? SUN : MOON);
  }
}

function redraw(button: HTMLButtonElement, label: string, path: string): void {
  if (button.title === label) return;
  button.setAttribute("aria-label", label);
  button.title = label;
  button.replaceChildren(icon(path));
}

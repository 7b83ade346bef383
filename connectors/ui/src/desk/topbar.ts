/** The bar on top: how it stands, and the page's own switches. */

import { h, icon } from "../shared/dom";
import { setText } from "../shared/draw";
import { iconButton } from "../shared/icon-button";
import { MARK } from "../shared/icons";
import { fill, type Lang } from "../shared/language";
import type { Bell } from "./bell";
import { BELL, BELL_OFF, CHART, EXIT, KEYS } from "./icons";
import type { Store } from "./store";
import { ago, WORDS, type Words } from "./words";

export interface BarActions {
  figures(): void;
  keys(): void;
  language(): void;
  signOut(): void;
}

export class TopBar {
  readonly element: HTMLElement;
  readonly #words: Words;
  readonly #state = h("p", { class: "board", role: "status", "data-testid": "board" });
  readonly #link = h("span", { class: "link", "data-testid": "link" });
  readonly #sound: HTMLButtonElement;

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
    this.element = h(
      "header",
      { class: "bar" },
      h("span", { class: "mark" }, icon(MARK)),
      h("h1", { class: "product" }, words.title),
      this.#state,
      h("span", { class: "grow" }),
      store.directs && iconButton(words.figures, CHART, "", "figures", actions.figures),
      this.#sound,
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
        words.otherLanguage,
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
    const text = waiting.length
      ? [
          fill(words.waitingNow, { n: waiting.length }),
          longest && fill(words.longest, { time: ago(longest, lang) }),
        ]
          .filter(Boolean)
          .join(" · ")
      : words.nobodyWaits;
    setText(this.#state, store.online || !store.loaded ? text : words.offline);
    this.#state.classList.toggle("bad", store.loaded && !store.online);
    this.#link.classList.toggle("on", store.online);
    this.#link.title = store.online ? words.online : words.offline;
    const { on } = this.bell;
    const label = on ? words.soundOn : words.soundOff;
    this.#sound.setAttribute("aria-label", label);
    this.#sound.title = label;
    this.#sound.replaceChildren(icon(on ? BELL : BELL_OFF));
  }
}

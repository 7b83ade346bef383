/** The middle column: header with the deeds, the brief, the transcript, the composer. */

import { h, icon } from "../shared/dom";
import { setText } from "../shared/draw";
import { iconButton } from "../shared/icon-button";
import { fill, type Lang } from "../shared/language";
import { brief } from "./brief";
import { Composer } from "./composer";
import { BACK, BOT, CHECK, CLOCK, JOIN, PASS, SIDE } from "./icons";
import { TranscriptLog } from "./log";
import type { Row } from "./model";
import type { Store } from "./store";
import { replyWindow } from "./window";
import { called, named, WORDS, type Words, waited } from "./words";

export interface ConversationActions {
  pass(): void;
  close(): void;
  back(): void;
  details(): void;
  snooze(): void;
}

export class ConversationPane {
  readonly element: HTMLElement;
  readonly composer: Composer;
  readonly #words: Words;
  readonly #log: TranscriptLog;
  readonly #who = h("h2", { tabindex: -1 });
  readonly #facts = h("p", { class: "facts" });
  readonly #take: HTMLButtonElement;
  readonly #holder: HTMLElement;
  readonly #join: HTMLButtonElement;
  readonly #call = h("p", { class: "call", "data-testid": "call" });
  readonly #window = h("p", { class: "window", "data-testid": "window" });
  readonly #guard = h("p", { class: "guard", role: "status", "data-testid": "guard" });
  readonly #brief = h("div", { class: "brief-place" });
  readonly #nothing: HTMLElement;
  readonly #open: HTMLElement;
  #briefShown = "";

  constructor(
    private readonly store: Store,
    private readonly lang: Lang,
    actions: ConversationActions,
  ) {
    const words = WORDS[lang];
    this.#words = words;
    this.#log = new TranscriptLog(store, lang);
    this.composer = new Composer(store, lang);
    this.#take = h(
      "button",
      {
        type: "button",
        class: "primary",
        "data-testid": "take",
        onclick: () => void this.take(),
      },
      "",
    );
    this.#join = action(words.join, JOIN, "join", () => this.join());
    this.#holder = h(
      "div",
      { class: "deeds" },
      this.#join,
      action(words.snooze, CLOCK, "snooze", actions.snooze),
      action(words.giveBack, BOT, "give-back", () => void store.giveBack()),
      action(words.pass, PASS, "pass", actions.pass),
      action(words.close, CHECK, "close", actions.close, "primary"),
    );
    this.#nothing = h(
      "div",
      { class: "nothing" },
      h("p", {}, words.chooseOne),
      h("p", { class: "faint" }, words.chooseHint),
    );
    this.#open = h(
      "div",
      { class: "open" },
      h(
        "header",
        { class: "head" },
        iconButton(words.back, BACK, "only-narrow", "back", actions.back),
        h("div", { class: "names" }, this.#who, this.#facts, this.#window),
        this.#take,
        this.#holder,
        iconButton(words.details, SIDE, "only-medium", "details", actions.details),
      ),
      this.#guard,
      this.#call,
      this.#brief,
      this.#log.element,
      this.composer.element,
    );
    this.element = h(
      "section",
      { class: "conversation", "aria-label": words.transcript },
      this.#nothing,
      this.#open,
    );
  }

  async take(): Promise<void> {
    if (await this.store.take()) this.composer.focus();
  }

  /** Speaks beside the colleague who has it. */
  join(): void {
    this.store.join();
    this.composer.switchTo("reply");
  }

  render(): void {
    const { store, lang } = this;
    const words = this.#words;
    const { row, view } = store;
    this.#nothing.hidden = !!row;
    this.#open.hidden = !row;
    if (!row) return;
    setText(this.#who, called(row, lang));
    setText(this.#facts, this.#about(row));
    const allowed = view?.window ? replyWindow(view.window, lang) : null;
    this.#window.hidden = !allowed;
    setText(this.#window, allowed?.text ?? "");
    this.#window.classList.toggle("warn", !!allowed?.soon);
    this.#take.hidden = row.state === "agent";
    setText(this.#take, row.state === "bot" ? words.stepIn : words.take);
    this.#holder.hidden = row.state !== "agent" || !(store.mine || store.directs);
    this.#join.hidden = store.speaks;
    this.#call.hidden = !row.callback;
    if (row.callback)
      setText(
        this.#call,
        fill(words.callCard, { phone: row.callback.phone, wish: row.callback.wish ?? "–" }),
      );
    this.#renderGuard();
    const shown = JSON.stringify([view?.row.id, view?.brief, view?.customer]);
    if (shown !== this.#briefShown) {
      this.#briefShown = shown;
      this.#brief.replaceChildren(...(view ? [brief(view, lang)] : []));
    }
    this.#log.render(view, store.outgoing.of(row.id));
    this.composer.render();
  }

  #about(row: Row): string {
    const words = this.#words;
    const { lang, store } = this;
    const reason = row.reason ? store.catalogue.reasons[row.reason]?.[lang] : undefined;
    const state = {
      bot: row.closed_at ? words.ended : words.withBot,
      queued: words.waiting,
      agent: fill(words.withAgent, { name: row.agent_name ?? "" }),
    }[row.state];
    const wait =
      row.state === "queued" &&
      row.since &&
      fill(words.waitedFor, { time: waited(row.since, lang) });
    const language = row.language && (row.language === "zh" ? words.languageZh : words.languageEn);
    const facts = [
      state,
      wait,
      row.state !== "bot" && reason,
      named(words.channels, row.channel),
      language,
    ];
    return facts.filter(Boolean).join(" · ");
  }

  #renderGuard(): void {
    const names = (typing: boolean) =>
      this.store.viewers
        .filter((viewer) => viewer.typing === typing)
        .map(({ name }) => name)
        .join(this.lang === "zh" ? "、" : ", ");
    const typing = names(true);
    const here = names(false);
    const text = typing
      ? fill(this.#words.alsoTyping, { names: typing })
      : here && fill(this.#words.alsoHere, { names: here });
    setText(this.#guard, text);
    this.#guard.hidden = !text;
    this.#guard.classList.toggle("warn", !!typing);
  }
}

function action(
  label: string,
  path: string,
  testId: string,
  onclick: () => void,
  kind = "",
): HTMLButtonElement {
  return h(
    "button",
    { type: "button", class: kind, "data-testid": testId, onclick },
    icon(path),
    h("span", {}, label),
  );
}

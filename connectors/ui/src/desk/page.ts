/** The whole page of a signed-in agent. */

import type { PageActions } from "../shared/account-page";
import { h } from "../shared/dom";
import { setText } from "../shared/draw";
import { type Account, ApiError } from "../shared/http";
import { fill, type Lang } from "../shared/language";
import { api } from "./api";
import { Bell } from "./bell";
import { CasesButton } from "./cases";
import { ConversationPane } from "./conversation";
import { askClose, askPass, askSnooze, showKeys } from "./dialogs";
import { showFigures } from "./figures";
import { ConversationList } from "./list";
import { calls } from "./lists";
import { showLive } from "./live";
import type { Catalogue, Suggestion } from "./model";
import { CustomerPanel } from "./panel";
import { Store } from "./store";
import { TopBar } from "./topbar";
import { connect, type WireEvents } from "./wire";
import { called, WORDS, type Words } from "./words";

/** Waiting times are shown anew so often, in milliseconds. */
const TICK_MS = 5_000;
const NOTICE_MS = 5_000;

export class DeskPage {
  readonly element: HTMLElement;
  readonly #store: Store;
  readonly #words: Words;
  readonly #bell = new Bell();
  readonly #bar: TopBar;
  readonly #cases: CasesButton;
  readonly #list: ConversationList;
  readonly #conversation: ConversationPane;
  readonly #panel: CustomerPanel;
  readonly #notice = h("p", { class: "notice", role: "alert", hidden: true });
  readonly #ticking: ReturnType<typeof setInterval>;
  #noticeTimer: ReturnType<typeof setTimeout> | undefined;
  #drawing = false;

  constructor(
    me: Account,
    catalogue: Catalogue,
    private readonly lang: Lang,
    private readonly actions: PageActions,
  ) {
    const words = WORDS[lang];
    this.#words = words;
    const link = (events: WireEvents) =>
      connect(
        {
          ...events,
          online: () => {
            events.online();
            this.#cases.look();
          },
        },
        (count) => this.#cases.label(count),
      );
    const store: Store = new Store(me, catalogue, api, link, {
      changed: () => this.#draw(),
      refused: (error) => this.#refused(error),
      signedOut: actions.signedOut,
      called: (what, row) =>
        this.#bell.ring(what, words.calls[what], called(row, lang), () => void store.open(row.id)),
    });
    this.#store = store;
    this.#cases = new CasesButton(lang, {
      conversation: (id) => void store.open(id),
      failed: (error) => this.#failed(error),
    });
    this.#bar = new TopBar(store, lang, this.#bell, {
      cases: this.#cases.element,
      figures: () => this.#figures(),
      live: () => this.#live(),
      keys: () => showKeys(lang, store.directs),
      language: actions.language,
      signOut: () => void this.#signOut(),
    });
    this.#list = new ConversationList(store, lang);
    this.#conversation = new ConversationPane(store, lang, {
      pass: () => void askPass(store, lang),
      close: () => askClose(store, lang),
      snooze: () => askSnooze(store, lang),
      back: () => this.#back(),
      details: () => this.element.classList.toggle("shows-panel"),
    });
    this.#panel = new CustomerPanel(
      store,
      lang,
      (suggestion) => this.#insert(suggestion),
      () => this.element.classList.remove("shows-panel"),
      (number) => this.#cases.show(number),
    );
    this.element = h(
      "div",
      { class: "desk" },
      this.#bar.element,
      h(
        "main",
        { class: "columns" },
        this.#list.element,
        this.#conversation.element,
        this.#panel.element,
      ),
      this.#notice,
    );
    document.addEventListener("keydown", this.#key);
    document.addEventListener("visibilitychange", this.#look);
    this.#ticking = setInterval(() => this.#draw(), TICK_MS);
    this.#draw();
  }

  remove(): void {
    clearInterval(this.#ticking);
    document.removeEventListener("keydown", this.#key);
    document.removeEventListener("visibilitychange", this.#look);
    this.#store.stop();
    this.element.remove();
  }

  /** Many changes at once are drawn once. */
  #draw(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    queueMicrotask(() => {
      this.#drawing = false;
      this.#render();
    });
  }

  #render(): void {
    const store = this.#store;
    this.element.classList.toggle("shows-conversation", store.openId !== undefined);
    this.#bar.render();
    this.#list.render();
    this.#conversation.render();
    this.#panel.render();
    const count = calls(store.rows.values(), store.me.login);
    document.title = count ? `(${count}) ${this.#words.title}` : this.#words.title;
  }

  #look = (): void => {
    if (!document.hidden) this.#draw();
  };

  #figures(): void {
    const failed = (error: unknown) => this.#failed(error);
    void showFigures(this.#store.catalogue, this.lang, failed).catch(failed);
  }

  #live(): void {
    const failed = (error: unknown) => this.#failed(error);
    void showLive(this.#store.catalogue, this.lang, failed).catch(failed);
  }

  #back(): void {
    this.element.classList.remove("shows-panel");
    void this.#store.open(undefined).then(() => this.#list.focus());
  }

  #insert(suggestion: Suggestion): void {
    const { composer } = this.#conversation;
    this.element.classList.remove("shows-panel");
    composer.insert(suggestion.answer[composer.language].trim());
  }

  #failed(error: unknown): void {
    if (!(error instanceof ApiError)) throw error;
    this.#refused(error);
  }

  #refused(error: ApiError): void {
    const words = this.#words;
    const text = error.status === 409 ? words.conflict : fill(words.failed, { why: error.message });
    this.#notice.hidden = false;
    setText(this.#notice, text);
    clearTimeout(this.#noticeTimer);
    this.#noticeTimer = setTimeout(() => {
      this.#notice.hidden = true;
    }, NOTICE_MS);
  }

  async #signOut(): Promise<void> {
    await api.signOut();
    this.actions.signedOut();
  }

  #key = (event: KeyboardEvent): void => {
    if (event.isComposing || event.ctrlKey || event.metaKey) return;
    if (document.querySelector("dialog[open]")) return;
    const target = event.target as HTMLElement;
    const typing = target.matches("input, textarea");
    const handled = event.altKey
      ? this.#altKey(event.code)
      : typing
        ? this.#fieldKey(event.key)
        : this.#pageKey(event.key);
    if (handled) event.preventDefault();
  };

  #altKey(code: string): boolean {
    const suggestion = this.#store.suggestions[Number(code.replace("Digit", "")) - 1];
    if (suggestion) this.#insert(suggestion);
    return suggestion !== undefined;
  }

  #fieldKey(key: string): boolean {
    if (key !== "Escape") return false;
    this.#list.focus();
    return true;
  }

  #pageKey(key: string): boolean {
    const store = this.#store;
    const { composer } = this.#conversation;
    const may = store.row?.state === "agent" && (store.mine || store.directs);
    const keys: Record<string, () => void> = {
      j: () => store.step(1),
      k: () => store.step(-1),
      "[": () => store.stepTab(-1),
      "]": () => store.stepTab(1),
      t: () => store.row && store.row.state !== "agent" && void this.#conversation.take(),
      r: () => store.openId && composer.switchTo("reply"),
      n: () => store.openId && composer.switchTo("note"),
      "/": () => composer.canned(),
      p: () => may && void askPass(store, this.lang),
      g: () => may && void store.giveBack(),
      i: () => may && !store.speaks && this.#conversation.join(),
      d: () => store.openId && this.element.classList.toggle("shows-panel"),
      l: () => store.directs && this.#live(),
      f: () => store.directs && this.#figures(),
      s: () => may && askSnooze(store, this.lang),
      x: () => may && askClose(store, this.lang),
      Escape: () => this.#back(),
      c: () => this.#cases.show(),
      "?": () => showKeys(this.lang, store.directs),
    };
    const work = keys[key.length === 1 ? key.toLowerCase() : key];
    work?.();
    return work !== undefined;
  }
}

/** Where the agent writes: replies and notes, ready-made replies behind "/". */

import { h, icon } from "../shared/dom";
import { setText } from "../shared/draw";
import { SEND } from "../shared/icons";
import { fill, type Lang } from "../shared/language";
import { Attach } from "./attach";
import { filled, matching } from "./canned";
import { NOTE } from "./icons";
import type { Canned } from "./model";
import type { Store } from "./store";
import { WORDS, type Words } from "./words";

/** Longest answer or note, in UTF-16 code units (what `maxlength` counts). */
const TEXT_LIMIT = 4000;
const COUNT_FROM = TEXT_LIMIT - 300;
const DRAFTS = "yingda:desk:drafts";

export class Composer {
  readonly element: HTMLFormElement;
  readonly #words: Words;
  readonly #input: HTMLTextAreaElement;
  readonly #send: HTMLButtonElement;
  readonly #modes: Record<"reply" | "note", HTMLButtonElement>;
  readonly #menu: HTMLElement;
  readonly #languages: HTMLElement;
  readonly #left = h("output", { class: "left" });
  readonly #locked = h("p", { class: "locked", role: "status" });
  #mode: "reply" | "note" = "reply";
  #conversation: string | undefined;
  /** The language of what is inserted; the customer's unless the agent chose another. */
  #language: Lang | undefined;
  #matches: Canned[] = [];
  #at = 0;
  readonly #drafts = loadDrafts();
  readonly #attach: Attach;

  constructor(
    private readonly store: Store,
    private readonly lang: Lang,
  ) {
    const words = WORDS[lang];
    this.#words = words;
    this.#input = h("textarea", {
      rows: 2,
      maxlength: TEXT_LIMIT,
      "data-testid": "composer",
      "aria-controls": "canned",
    });
    this.#input.addEventListener("input", () => this.#edited());
    this.#input.addEventListener("keydown", (event) => this.#key(event));
    this.#attach = new Attach(store, lang);
    this.#attach.listen(this.#input);
    this.#send = h(
      "button",
      { type: "submit", class: "primary send", "data-testid": "send" },
      icon(SEND),
      h("span", {}, words.send),
    );
    const mode = (name: "reply" | "note", label: string) =>
      h(
        "button",
        { type: "button", "data-testid": `mode-${name}`, onclick: () => this.switchTo(name) },
        label,
      );
    this.#modes = { reply: mode("reply", words.reply), note: mode("note", words.note) };
    const language = (code: Lang, label: string) =>
      h(
        "button",
        {
          type: "button",
          "data-lang": code,
          onclick: () => {
            this.#language = code;
            this.render();
          },
        },
        label,
      );
    this.#languages = h(
      "div",
      { class: "segments", role: "group", "aria-label": words.insertLanguage },
      language("zh", "中"),
      language("en", "EN"),
    );
    this.#menu = h("div", {
      id: "canned",
      class: "canned",
      role: "listbox",
      tabindex: 0,
      "aria-label": words.canned,
      "data-testid": "canned",
      hidden: true,
    });
    this.element = h(
      "form",
      { class: "composer" },
      this.#menu,
      h(
        "div",
        { class: "composer-top" },
        h("div", { class: "segments", role: "group" }, this.#modes.reply, this.#modes.note),
        h(
          "button",
          { type: "button", class: "quiet", onclick: () => this.canned() },
          icon(NOTE),
          h("span", {}, words.canned),
        ),
        this.#attach.button,
        h("span", { class: "grow" }),
        this.#languages,
      ),
      h("div", { class: "field" }, this.#input, this.#send),
      this.#attach.note,
      this.#attach.chooser,
      this.#locked,
      this.#left,
    );
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
  }

  /** The language that replies and FAQ answers are inserted in. */
  get language(): Lang {
    return this.#language ?? this.store.row?.language ?? this.lang;
  }

  render(): void {
    const { store } = this;
    if (store.openId !== this.#conversation) this.#changeTo(store.openId);
    const words = this.#words;
    const note = this.#mode === "note";
    const { row } = store;
    const held = row?.state === "agent" && !store.speaks;
    // Nothing that is written reaches a telephone.
    const calls = row?.channel === "phone";
    const locked = !note && (!store.speaks || calls);
    this.element.classList.toggle("noting", note);
    for (const [name, button] of Object.entries(this.#modes))
      button.setAttribute("aria-pressed", String(name === this.#mode));
    for (const button of this.#languages.querySelectorAll("button"))
      button.setAttribute("aria-pressed", String(button.dataset.lang === this.language));
    this.#input.placeholder = note ? words.notePlaceholder : words.replyPlaceholder;
    this.#input.setAttribute("aria-label", note ? words.note : words.reply);
    this.#input.disabled = locked;
    this.#attach.render(!locked && !note);
    this.#send.disabled = locked;
    setText(this.#send.querySelector("span") as HTMLElement, note ? words.saveNote : words.send);
    const why = held ? fill(words.heldBy, { name: row?.agent_name ?? "" }) : words.takeFirst;
    setText(this.#locked, locked && row ? (calls && store.speaks ? words.callOnly : why) : "");
    this.#locked.hidden = !locked;
  }

  focus(): void {
    this.#input.focus({ preventScroll: true });
  }

  switchTo(mode: "reply" | "note"): void {
    this.#mode = mode;
    this.#closeMenu();
    this.render();
    this.focus();
  }

  /** Puts a text into the field where the cursor is, for the agent to finish. */
  insert(text: string): void {
    if (this.#mode !== "reply") this.switchTo("reply");
    const { selectionStart, selectionEnd, value } = this.#input;
    const gap = value && selectionStart === value.length && !/\s$/.test(value) ? "\n" : "";
    this.#input.setRangeText(gap + text, selectionStart, selectionEnd, "end");
    this.#edited();
    this.focus();
  }

  /** Opens the ready-made replies. */
  canned(): void {
    if (this.#input.disabled) return;
    if (!this.#input.value.startsWith("/")) this.#input.value = `/${this.#input.value}`;
    this.focus();
    this.#edited();
  }

  #changeTo(conversation: string | undefined): void {
    this.#conversation = conversation;
    this.#language = undefined;
    this.#mode = "reply";
    this.#closeMenu();
    this.#input.value = (conversation && this.#drafts[conversation]) || "";
    this.#fit();
  }

  #edited(): void {
    const { value } = this.#input;
    this.#keepDraft(value);
    const asks = this.#mode === "reply" && value.startsWith("/") && !value.includes("\n");
    if (asks) this.#openMenu(value.slice(1));
    else this.#closeMenu();
    if (value && !asks && this.#mode === "reply") this.store.typing();
    this.#fit();
  }

  #fit(): void {
    const { value, style, scrollHeight } = this.#input;
    this.#left.hidden = value.length < COUNT_FROM;
    this.#left.value = fill(this.#words.left, { n: TEXT_LIMIT - value.length });
    style.height = "auto";
    if (scrollHeight) style.height = `${this.#input.scrollHeight}px`;
  }

  #key(event: KeyboardEvent): void {
    // The Enter that picks a Chinese word is not a wish to send; Safari says so with code 229 only.
    if (event.isComposing || event.keyCode === 229) return;
    const { key } = event;
    if (!this.#menu.hidden && this.#menuKey(key)) {
      event.preventDefault();
      event.stopPropagation();
    } else if (key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      void this.#submit();
    }
  }

  /** Handles a key for the open menu; false when it is none of the menu's. */
  #menuKey(key: string): boolean {
    const count = this.#matches.length;
    if (key === "Escape") {
      this.#input.value = "";
      this.#edited();
    } else if ((key === "ArrowDown" || key === "ArrowUp") && count) {
      this.#at = (this.#at + (key === "ArrowDown" ? 1 : -1) + count) % count;
      this.#drawMenu();
    } else if (key === "Enter" || key === "Tab") {
      this.#choose(this.#matches[this.#at]);
    } else return false;
    return true;
  }

  #openMenu(query: string): void {
    this.#matches = matching(this.store.catalogue.replies, query);
    this.#at = 0;
    this.#menu.hidden = false;
    this.#drawMenu();
  }

  #closeMenu(): void {
    this.#menu.hidden = true;
    this.#input.removeAttribute("aria-activedescendant");
  }

  #drawMenu(): void {
    const { language } = this;
    const options = this.#matches.map((reply, index) => {
      const option = h(
        "div",
        {
          id: `canned-${reply.id}`,
          role: "option",
          class: "option",
          "aria-selected": String(index === this.#at),
          onclick: () => this.#choose(reply),
        },
        h(
          "span",
          { class: "option-title" },
          reply.title[this.lang],
          h("kbd", {}, `/${reply.keys[0]}`),
        ),
        h(
          "span",
          { class: "option-text", lang: language === "zh" ? "zh-CN" : "en" },
          reply[language],
        ),
      );
      // The field must keep the focus.
      option.addEventListener("mousedown", (event) => event.preventDefault());
      return option;
    });
    this.#menu.replaceChildren(
      ...(options.length ? options : [h("p", { class: "empty" }, this.#words.cannedNone)]),
    );
    const chosen = options[this.#at];
    if (chosen) this.#input.setAttribute("aria-activedescendant", chosen.id);
    chosen?.scrollIntoView({ block: "nearest" });
  }

  #choose(reply: Canned | undefined): void {
    if (!reply) return;
    const { store } = this;
    this.#input.value = "";
    this.#closeMenu();
    this.insert(filled(reply, this.language, store.me.name, store.view));
  }

  async #submit(): Promise<void> {
    const text = this.#input.value.trim();
    if (!text || this.#input.disabled) return;
    if (this.#mode === "note") {
      if (!(await this.store.note(text))) return;
    } else this.store.say(text);
    this.#input.value = "";
    this.#edited();
    if (this.#mode === "note") this.switchTo("reply");
    this.focus();
  }

  #keepDraft(text: string): void {
    if (!this.#conversation) return;
    if (text) this.#drafts[this.#conversation] = text;
    else delete this.#drafts[this.#conversation];
    try {
      localStorage.setItem(DRAFTS, JSON.stringify(this.#drafts));
    } catch {
      // It is only forgotten at reload.
    }
  }
}

function loadDrafts(): Record<string, string> {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(DRAFTS) ?? "{}");
    return typeof stored === "object" && stored !== null ? (stored as Record<string, string>) : {};
  } catch {
    return {};
  }
}

/** `<yingda-chat>`: the launcher button. Loads the chat itself when it is first needed. */

import type { Chat } from "../chat/mount";
import { known, type Lang, pick } from "../shared/language";
import { read, write } from "../shared/storage";
import tokens from "../tokens/brand.css?inline";
import { loadChat, scriptOrigin } from "./chunk";
import { Launcher } from "./launcher";
import css from "./launcher.css?inline";

/** Attributes: `server` (origin; default: where the script came from), `lang` (zh, en, auto),
 * `title` (name in the header), `theme="light"` (for pages without a dark mode), `open`,
 * `customer-token` (the shop's signed token of the customer who is signed in on its page).
 * Events: `yingda-open`, `yingda-close`. */
export class YingdaChat extends HTMLElement {
  static readonly observedAttributes = ["lang", "open", "server", "title", "customer-token"];
  readonly #root = this.attachShadow({ mode: "open" });
  #launcher: Launcher | undefined;
  #chat: Promise<Chat> | undefined;
  /** Origin that the chat talks to; kept while the attribute changes. */
  #server = "";
  #asked: Lang | "auto" = "auto";

  constructor() {
    super();
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(tokens + css);
    this.#root.adoptedStyleSheets = [sheet];
    this.#root.addEventListener("keydown", (event) => {
      const { key, isComposing } = event as KeyboardEvent;
      if (key === "Escape" && !isComposing) this.close();
    });
  }

  connectedCallback(): void {
    this.#asked = known(this.lang) ?? "auto";
    const last = read("session", this.#origin, "panel");
    if (last) this.toggleAttribute("open", last === "open");
    this.#start();
    if (this.hasAttribute("open")) this.#toggle(true, false);
    // It was open in this tab before: stay connected, so that an answer shows as a badge.
    else if (last && read("local", this.#server, "session")) this.#load().catch(() => undefined);
  }

  disconnectedCallback(): void {
    this.#stop();
    this.#launcher = undefined;
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (!this.#launcher || before === now) return;
    if (name === "customer-token") {
      this.#chat?.then((chat) => chat.identify(), this.#failed);
      return;
    }
    if (name === "open") {
      this.#toggle(now !== null);
      return;
    }
    if (name === "lang") {
      if (now === this.#lang) return;
      this.#asked = known(now) ?? "auto";
    }
    this.#stop();
    this.#start();
    if (this.hasAttribute("open")) this.#toggle(true, false);
  }

  /** The shop's signed token of the customer who is signed in on its page; empty: nobody is. */
  get customerToken(): string {
    return this.getAttribute("customer-token") ?? "";
  }

  set customerToken(token: string | null | undefined) {
    if (token) this.setAttribute("customer-token", token);
    else this.removeAttribute("customer-token");
  }

  /** Opens the panel. */
  open(): void {
    this.toggleAttribute("open", true);
  }

  /** Closes the panel; the conversation goes on in the background. */
  close(): void {
    this.toggleAttribute("open", false);
  }

  /** Opens the panel and sends `text` as the customer's message. */
  send(text: string): void {
    this.open();
    this.#load().then((chat) => chat.say(text), this.#failed);
  }

  /** Opens the panel with `text` in the field, for the customer to change and send. */
  draft(text: string): void {
    this.open();
    this.#load().then((chat) => chat.draft(text), this.#failed);
  }

  get #origin(): string {
    return new URL(this.getAttribute("server") || scriptOrigin, location.href).origin;
  }

  get #lang(): Lang {
    return this.#asked === "auto"
      ? pick(document.documentElement.lang, ...navigator.languages)
      : this.#asked;
  }

  #start(): void {
    this.#server = this.#origin;
    this.#launcher = new Launcher(this.#lang, () => this.toggleAttribute("open"));
    this.#root.replaceChildren(this.#launcher.element);
    // "auto" is no language: screen readers and style rules read this attribute too.
    this.lang = this.#lang;
  }

  #stop(): void {
    this.#chat?.then((chat) => chat.remove(), this.#failed);
    this.#chat = undefined;
  }

  #load(): Promise<Chat> {
    this.#chat ??= loadChat().then(({ mount }) =>
      mount({
        root: this.#root,
        server: this.#server,
        lang: this.#asked,
        uiLang: this.#lang,
        title: this.title || undefined,
        customerToken: () => this.customerToken || undefined,
        close: () => this.close(),
      }),
    );
    return this.#chat;
  }

  #toggle(open: boolean, focus = true): void {
    write("session", this.#server, "panel", open ? "open" : "closed");
    this.#launcher?.expanded(open);
    const inside = this.#root.activeElement;
    const chat = open ? this.#load() : this.#chat;
    chat?.then((loaded) => {
      if (chat !== this.#chat || open !== this.hasAttribute("open")) return;
      this.#launcher?.loaded();
      if (open) loaded.show(focus);
      else loaded.hide();
    }, this.#failed);
    if (!open && inside) this.#launcher?.focus();
    this.dispatchEvent(new CustomEvent(open ? "yingda-open" : "yingda-close"));
  }

  readonly #failed = (): void => {
    this.#chat = undefined;
    this.close();
    this.#launcher?.failed();
  };
}

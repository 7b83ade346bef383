/** The chat window: header, banner, log and composer, drawn from one conversation. */

import { h, icon } from "../shared/dom";
import { setText } from "../shared/draw";
import { iconButton } from "../shared/icon-button";
import { CLOSE, DOWNLOAD, MARK, PERSON, TRASH } from "../shared/icons";
import { fill, type Lang } from "../shared/language";
import { Composer } from "./composer";
import type { Conversation } from "./conversation";
import { download } from "./download";
import { EraseQuestion } from "./erase";
import { Log } from "./log";
import type { Service, State } from "./protocol";
import { Queue } from "./queue";
import { rows } from "./rows";
import { followViewport } from "./viewport";
import { WORDS, type Words } from "./words";

export interface PanelOptions {
  lang: Lang;
  title: string | undefined;
  server: string;
  close(): void;
}

export class Panel {
  readonly element: HTMLElement;
  readonly #log: Log;
  readonly #composer: Composer;
  readonly #face = h("span", { class: "face" });
  readonly #state = h("p", { class: "state", "data-testid": "state", role: "status" });
  readonly #banner = h("div", { class: "banner", role: "status", "data-testid": "banner" });
  readonly #queue: Queue;
  /** What can be done with a chat that there is. */
  readonly #tools = h("span", { class: "tools" });
  readonly #lang: Lang;
  readonly #unfollow: () => void;

  constructor(
    private readonly conversation: Conversation,
    { lang, title, server, close }: PanelOptions,
  ) {
    this.#lang = lang;
    const words = WORDS[lang];
    this.#log = new Log({
      lang,
      server,
      actions: {
        press: (button) => {
          conversation.say(button.title, button.payload);
          this.focus();
        },
        retry: (clientId) => conversation.outbox.retry(clientId),
        discard: (clientId) => conversation.outbox.discard(clientId),
        rate: (rate) => void conversation.rate(rate),
      },
    });
    this.#queue = new Queue(lang, (text, payload) => {
      conversation.say(text, payload);
      this.focus();
    });
    this.#composer = new Composer(
      lang,
      (text) => conversation.say(text),
      (file) => conversation.sendFile(file),
    );
    const erase = new EraseQuestion(
      lang,
      () => conversation.erase(),
      () => this.focus(),
    );
    this.#tools.append(
      iconButton(words.download, DOWNLOAD, "tool", "download", () =>
        download(conversation.transcript.messages, lang, server),
      ),
      iconButton(words.erase, TRASH, "tool", "erase", () => erase.ask()),
    );
    const name = h("h2", { id: "title" }, title || words.title);
    this.element = h(
      "section",
      {
        class: "panel",
        role: "dialog",
        "aria-labelledby": "title",
        lang: lang === "zh" ? "zh-CN" : "en",
        // An empty title keeps the host element's `title` attribute from showing as a tooltip.
        title: "",
        hidden: true,
        "data-testid": "panel",
      },
      h(
        "div",
        { class: "head" },
        this.#face,
        h("div", { class: "names" }, name, this.#state),
        this.#tools,
        iconButton(words.close, CLOSE, "tool", "close", close),
      ),
      this.#banner,
      this.#queue.element,
      erase.element,
      this.#log.element,
      this.#composer.element,
    );
    this.#unfollow = followViewport(this.element);
  }

  /** @param focus false when nobody asked for it: a page must not lose its focus by loading. */
  show(focus: boolean): void {
    this.element.hidden = false;
    this.#composer.fit();
    this.render();
    this.#log.toEnd();
    if (focus) this.focus();
  }

  hide(): void {
    this.element.hidden = true;
  }

  get open(): boolean {
    return !this.element.hidden;
  }

  draft(text: string): void {
    this.#composer.draft(text);
  }

  /** To the field, except where that would push a keyboard over the conversation unasked. */
  focus(): void {
    if (matchMedia("(pointer: coarse)").matches) this.#log.focus();
    else this.#composer.focus();
  }

  render(): void {
    if (!this.open) return;
    const { conversation } = this;
    const { link, state, service, typing, greeting, transcript, outbox } = conversation;
    const words = WORDS[this.#lang];
    this.#state.dataset.state = state ?? "";
    setText(this.#state, state ? serving(state, service, words) : words.connecting);
    this.#queue.render(state === "queued" ? service : undefined);
    this.#tools.hidden = !transcript.messages.length;
    this.#face.replaceChildren(icon(state === "agent" ? PERSON : MARK));
    this.#banner.hidden = link !== "lost";
    setText(this.#banner, link === "lost" ? words.lost : "");
    const shown = rows(greeting, transcript.messages, outbox.items);
    this.#log.render(shown, typing !== undefined, state === undefined);
    conversation.markRead();
  }

  remove(): void {
    this.#unfollow();
    this.element.remove();
  }
}

/** Who answers now, in words. */
function serving(state: State, { agent }: Service, words: Words): string {
  if (state === "agent" && agent) return fill(words.stateAgentNamed, { name: agent });
  return { bot: words.stateBot, queued: words.stateQueued, agent: words.stateAgent }[state];
}

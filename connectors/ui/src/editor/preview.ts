/** An answer as the widget, Telegram, WeChat and WeCom show it. */

import { h } from "../shared/dom";
import { fill, type Lang } from "../shared/language";
import { markdown } from "../shared/markdown";
import { api } from "./api";
import type { Both, FaqRecord, Listing, Shown } from "./model";
import { WORDS } from "./words";

const CHANNELS = ["widget", "telegram", "wechat", "wecom"] as const;
type Channel = (typeof CHANNELS)[number];
const PAUSE_MS = 350;

export class Preview {
  readonly element: HTMLElement;
  readonly #screen = h("div", { class: "screen", "data-testid": "preview" });
  readonly #tabs: HTMLButtonElement[];
  readonly #languages: HTMLButtonElement[];
  #channel: Channel = "widget";
  #language: Lang;
  #record: FaqRecord | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #titles = new Map<string, Both>();
  #asked = 0;

  constructor(private readonly lang: Lang) {
    const words = WORDS[lang].preview;
    this.#language = lang;
    this.#tabs = CHANNELS.map((channel) =>
      toggle(words[channel], `preview-${channel}`, () => {
        this.#channel = channel;
        this.#draw();
      }),
    );
    this.#languages = (["zh", "en"] as const).map((language) =>
      toggle(words[language], `preview-${language}`, () => {
        this.#language = language;
        this.#draw();
      }),
    );
    this.element = h(
      "section",
      { class: "preview", "aria-label": words.title },
      h("h2", {}, words.title),
      h(
        "div",
        { class: "switches" },
        h("div", { class: "segments", role: "group", "aria-label": words.channel }, ...this.#tabs),
        h(
          "div",
          { class: "segments", role: "group", "aria-label": words.language },
          ...this.#languages,
        ),
      ),
      this.#screen,
    );
  }

  /** Learns the titles of records and tasks, which stand on buttons. */
  know({ records, tasks }: Listing): void {
    this.#titles = new Map([...records, ...tasks].map(({ id, title }) => [id, title]));
  }

  show(record: FaqRecord): void {
    this.#record = record;
    clearTimeout(this.#timer);
    if (this.#channel === "widget") this.#draw();
    else this.#timer = setTimeout(() => this.#draw(), PAUSE_MS);
  }

  #draw(): void {
    CHANNELS.forEach((channel, at) => {
      this.#tabs[at]?.setAttribute("aria-pressed", String(channel === this.#channel));
    });
    (["zh", "en"] as const).forEach((language, at) => {
      this.#languages[at]?.setAttribute("aria-pressed", String(language === this.#language));
    });
    const record = this.#record;
    if (!record) return;
    const side = record[this.#language];
    const question = side?.questions?.[0] ?? "…";
    const channel = this.#channel;
    this.#screen.dataset.channel = channel;
    this.#screen.lang = this.#language === "zh" ? "zh-CN" : "en";
    const asked = h("p", { class: "said" }, question);
    const mine = ++this.#asked;
    if (channel === "widget") {
      const answer = h("div", { class: "answer" }, ...markdown(side?.answer || "…"));
      if (record.picture) answer.append(picture(record.picture));
      for (const link of record.links ?? [])
        if (link.url) answer.append(linkOf(link.url, link[this.#language] || link.url));
      answer.append(...this.#buttons(record));
      this.#screen.replaceChildren(asked, answer);
      return;
    }
    void api.preview(record, this.#language).then(
      (found) => {
        if (mine !== this.#asked) return;
        const parts = found[channel];
        const answers = parts.map((part) => this.#part(channel, part));
        this.#screen.replaceChildren(asked, ...answers);
        if (parts.length > 1) {
          const words = fill(WORDS[this.lang].preview.split, { n: parts.length });
          this.#screen.append(h("p", { class: "split" }, words));
        }
      },
      () => undefined,
    );
  }

  #buttons({ task, follow_ups }: FaqRecord): HTMLElement[] {
    const ids = [...(task ? [task] : []), ...(follow_ups ?? [])];
    return ids.map((id) =>
      h("span", { class: "chip plain" }, this.#titles.get(id)?.[this.#language] || id),
    );
  }

  #part(channel: Exclude<Channel, "widget">, part: Shown): HTMLElement {
    const text = channel === "telegram" ? telegram(part.text) : [part.text];
    return h(
      "div",
      { class: "answer plain" },
      ...text,
      part.picture && picture(part.picture),
      part.link && linkOf(part.link.url, part.link.title),
      ...part.buttons.map((title) => h("span", { class: "chip plain" }, title)),
    );
  }
}

/** Telegram's HTML as nodes: `<b>` and `<a>` are all that our server writes, the rest is escaped. */
export function telegram(html: string): (Node | string)[] {
  const nodes: (Node | string)[] = [];
  const stack: { add(child: Node | string): void }[] = [{ add: (child) => nodes.push(child) }];
  for (const piece of html.split(/(<\/?b>|<a href="[^"]*">|<\/a>)/)) {
    const into = stack.at(-1) ?? { add: () => undefined };
    if (piece === "<b>" || piece.startsWith("<a ")) {
      const href = /^<a href="([^"]*)">$/.exec(piece)?.[1];
      const element = href === undefined ? h("b") : h("a", address(plainly(href)));
      into.add(element);
      stack.push({ add: (child) => element.append(child) });
    } else if (piece === "</b>" || piece === "</a>") stack.pop();
    else if (piece) into.add(plainly(piece));
  }
  return nodes;
}

function plainly(text: string): string {
  const known: Record<string, string> = { lt: "<", gt: ">", quot: '"', "#x27": "'", amp: "&" };
  return text.replace(/&(lt|gt|quot|#x27|amp);/g, (_, name: string) => known[name] ?? "");
}

const address = (href: string) => ({ href, target: "_blank", rel: "noopener noreferrer" });

function linkOf(url: string, title: string): HTMLElement {
  return h("a", { class: "card-link", ...(/^https?:/.test(url) ? address(url) : {}) }, title);
}

function picture(url: string): HTMLElement {
  return h("img", { src: /^https:/.test(url) ? url : undefined, alt: "", loading: "lazy" });
}

function toggle(label: string, testId: string, onclick: () => void): HTMLButtonElement {
  return h(
    "button",
    { type: "button", "data-testid": testId, "aria-pressed": "false", onclick },
    label,
  );
}

/** One line of the conversation on the page. */

import { h, icon } from "../shared/dom";
import { iconButton } from "../shared/icon-button";
import { LINK, MARK, PERSON, THUMB_UP } from "../shared/icons";
import type { Lang } from "../shared/language";
import { link, markdown, plain, safeUrl } from "../shared/markdown";
import type { Attachment, Button, Card, Rate } from "./protocol";
import type { MessageRow, TimeRow } from "./rows";
import { WORDS, when } from "./words";

export interface BubbleActions {
  press(button: Button): void;
  retry(clientId: string): void;
  discard(clientId: string): void;
  rate(rate: Rate): void;
}

export interface Context {
  lang: Lang;
  /** Origin that relative picture and link addresses belong to. */
  server: string;
  actions: BubbleActions;
}

export function timeLine({ at }: TimeRow, lang: Lang): HTMLElement {
  return h("div", { class: "time" }, h("time", { datetime: at }, when(at, lang)));
}

/** A message's element. Its text never changes; `update` follows what does. */
export class Bubble {
  readonly element: HTMLElement;
  readonly #buttons: HTMLButtonElement[];
  readonly #thumbs = new Map<boolean, HTMLButtonElement>();
  readonly #status = h("div", { class: "status" });
  #shown = "";

  constructor(
    row: MessageRow,
    private readonly context: Context,
  ) {
    const { author, text } = row;
    const words = WORDS[context.lang];
    const body = h(
      "div",
      { class: "body" },
      h("span", { class: "unseen" }, words[author]),
      ...(author === "customer" ? plain(text) : markdown(text)),
      picture(row.picture, WORDS[context.lang].picture, context),
      ...row.attachments.map((one) => attachment(one, context)),
      card(row, context),
    );
    const byPayload = new Map<string, HTMLButtonElement>();
    this.#buttons = row.buttons.map((button) => {
      const shown = h(
        "button",
        {
          type: "button",
          class: "reply",
          "data-testid": "quick-reply",
          onclick: () => context.actions.press(button),
        },
        button.title,
      );
      byPayload.set(button.payload, shown);
      return shown;
    });
    const cards = row.cards.map((one) => overview(one, byPayload.get(one.payload ?? "")));
    const loose = this.#buttons.filter((button) => !button.parentNode);
    this.element = h(
      "div",
      { class: `line ${author}`, "data-testid": "message", "data-author": author },
      (author === "bot" || author === "agent") &&
        h("span", { class: "face" }, icon(author === "bot" ? MARK : PERSON)),
      h(
        "div",
        { class: "stack" },
        body,
        cards.length > 0 && h("ul", { class: "cards" }, ...cards),
        loose.length > 0 && h("div", { class: "replies" }, ...loose),
        this.#rating(row),
        author === "customer" && this.#status,
      ),
    );
    this.update(row);
  }

  update(row: MessageRow): void {
    const now = JSON.stringify(row);
    if (now === this.#shown) return;
    this.#shown = now;
    const { dataset, classList } = this.element;
    if (row.seq !== undefined) dataset.seq = String(row.seq);
    dataset.status = row.status;
    classList.toggle("leads", row.leads);
    if (row.at) this.element.title = when(row.at, this.context.lang);
    for (const button of this.#buttons) {
      // A row of cards is for looking at one after the other.
      button.disabled = !row.live && !button.closest("li");
      const chosen = button.disabled && button.textContent === row.chosen;
      if (chosen) button.setAttribute("aria-pressed", "true");
      else button.removeAttribute("aria-pressed");
    }
    for (const [helpful, thumb] of this.#thumbs)
      thumb.setAttribute("aria-pressed", String(row.helpful === helpful));
    this.#status.replaceChildren(...this.#statusLine(row));
  }

  #rating({ rateable, seq }: MessageRow): HTMLElement | undefined {
    if (!rateable || seq === undefined) return undefined;
    const { lang, actions } = this.context;
    const words = WORDS[lang];
    const thumb = (helpful: boolean) => {
      const name = helpful ? "helpful" : "unhelpful";
      const press = () => {
        const pressed = button.getAttribute("aria-pressed") === "true";
        actions.rate({ seq, helpful: pressed ? null : helpful });
      };
      const button = iconButton(words[name], THUMB_UP, `thumb ${name}`, name, press);
      this.#thumbs.set(helpful, button);
      return button;
    };
    return h("div", { class: "rating" }, thumb(true), thumb(false));
  }

  #statusLine({ status, failed, clientId = "" }: MessageRow): (Node | string)[] {
    const { lang, actions } = this.context;
    const words = WORDS[lang];
    if (status === "waiting") return [words.waiting];
    if (status === "stored") return [];
    return [
      h("span", { class: "why" }, failed?.[lang] || words.failed),
      h("button", { type: "button", onclick: () => actions.retry(clientId) }, words.retry),
      h("button", { type: "button", onclick: () => actions.discard(clientId) }, words.discard),
    ];
  }
}

function attachment({ id, kind, name }: Attachment, context: Context): HTMLElement | undefined {
  const words = WORDS[context.lang];
  const address = `/files/${id}`;
  if (kind === "picture") return picture(address, name || words.picture, context);
  const shown = link(`${context.server}${address}`, h("span", {}, name || words.file), icon(LINK));
  shown.className = "card";
  return shown;
}

function picture(
  url: string | undefined,
  alt: string,
  { server }: Context,
): HTMLElement | undefined {
  const address = url && safeUrl(url, server);
  if (!address) return undefined;
  const image = h("img", { src: address, alt, loading: "lazy" });
  const shown = link(address, image);
  shown.className = "picture";
  return shown;
}

/** A card; the one button that belongs to it is at its foot. */
function overview({ title, badge, facts = [] }: Card, button?: HTMLButtonElement): HTMLElement {
  return h(
    "li",
    { "data-testid": "card" },
    h("b", {}, title),
    badge && h("i", {}, badge),
    h(
      "dl",
      {},
      ...facts.map(([label, value]) => h("div", {}, h("dt", {}, label), h("dd", {}, value))),
    ),
    button,
  );
}

function card(row: MessageRow, { server }: Context): HTMLElement | undefined {
  const address = row.link && safeUrl(row.link.url, server);
  if (!address) return undefined;
  const shown = link(address, h("span", {}, row.link?.title || address), icon(LINK));
  shown.className = "card";
  return shown;
}

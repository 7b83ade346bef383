/** The transcript, with what the bot made of each message, notes and deeds in their places. */

import { h } from "../shared/dom";
import { Keyed } from "../shared/draw";
import { fill, type Lang } from "../shared/language";
import { link, markdown, plain, safeUrl } from "../shared/markdown";
import { clock } from "../shared/time";
import type { Attachment, Deed, Line, Note, Reading, View } from "./model";
import type { Outgoing } from "./outgoing";
import type { Store } from "./store";
import { named, WORDS, type Words } from "./words";

type Item =
  | { kind: "line"; key: string; line: Line }
  | { kind: "note"; key: string; note: Note }
  | { kind: "deed"; key: string; deed: Deed }
  | { kind: "outgoing"; key: string; outgoing: Outgoing };

/** As near to the end as this counts as reading the newest line, in CSS pixels. */
const NEAR_PX = 90;
/** From this anger on an agent is told. */
const UPSET = 0.6;
/** A search always finds something; what is less alike than this is no hit. */
const FAINTEST_HIT = 0.05;

export class TranscriptLog {
  readonly element: HTMLElement;
  readonly #items: Keyed<Item>;
  readonly #words: Words;
  #shownId: string | undefined;
  /** Channels on which this customer writes; a line tells its own when there are several. */
  #channels = 1;
  #last = "";

  constructor(
    private readonly store: Store,
    private readonly lang: Lang,
  ) {
    this.#words = WORDS[lang];
    const list = h("ol", { class: "log-list" });
    this.element = h(
      "div",
      {
        class: "log scroll",
        role: "log",
        tabindex: 0,
        "aria-label": this.#words.transcript,
        "data-testid": "log",
      },
      list,
    );
    this.#items = new Keyed(
      list,
      ({ key }) => key,
      (item) => JSON.stringify(item),
      (item) => this.#draw(item),
    );
  }

  render(view: View | undefined, outgoing: readonly Outgoing[]): void {
    this.#channels = new Set(view?.lines.map(({ channel }) => channel)).size;
    const items = view ? itemsOf(view, outgoing) : [];
    const { scrollTop, scrollHeight, clientHeight } = this.element;
    const near = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    this.#items.draw(items);
    const last = items.at(-1)?.key ?? "";
    const other = this.#shownId !== view?.row.id;
    const mine = items.at(-1)?.kind === "outgoing";
    if (other || (last !== this.#last && (near || mine)))
      this.element.scrollTop = this.element.scrollHeight;
    this.#shownId = view?.row.id;
    this.#last = last;
  }

  #draw(item: Item): HTMLElement {
    if (item.kind === "deed") return this.#deed(item.deed);
    if (item.kind === "note") return this.#note(item.note);
    if (item.kind === "outgoing") return this.#outgoing(item.outgoing);
    return this.#line(item.line);
  }

  #line(line: Line): HTMLElement {
    const words = this.#words;
    const name = line.name ?? words[line.author];
    const text = line.texts?.[this.lang] ?? line.text;
    const body = line.author === "customer" ? plain(text) : markdown(text);
    return h(
      "li",
      {
        class: `line ${line.author}`,
        "data-testid": "line",
        "data-author": line.author,
        "data-seq": line.seq,
      },
      h(
        "div",
        { class: "byline" },
        h("span", { class: "name" }, name),
        h("time", { datetime: line.at }, clock(line.at, this.lang)),
        this.#channels > 1 && h("span", { class: "faint" }, named(words.channels, line.channel)),
        line.button && h("span", { class: "faint" }, words.pressed),
      ),
      h(
        "div",
        { class: "bubble" },
        ...body,
        ...this.#extras(line),
        ...line.attachments.map((one) => this.#file(one)),
      ),
      line.buttons.length > 0 &&
        h("div", { class: "offers" }, ...line.buttons.map((title) => h("span", {}, title))),
      this.#delivery(line),
      line.reading && this.#reading(line.reading, line.seq),
    );
  }

  #extras(line: Line): HTMLElement[] {
    const addresses = [line.picture, line.link].flatMap((address) => {
      const safe = address && safeUrl(address, location.origin);
      return safe ? [safe] : [];
    });
    return addresses.map((address) => h("p", {}, link(address, address)));
  }

  #file({ id, kind, name }: Attachment): HTMLElement {
    const words = this.#words;
    const address = `/files/${encodeURIComponent(id)}`;
    const shown =
      kind === "picture"
        ? h("img", { src: address, alt: name || words.picture, loading: "lazy" })
        : h("span", {}, name || words.file);
    const opens = link(address, shown);
    opens.className = `attached ${kind}`;
    opens.dataset.testid = "attached";
    return opens;
  }

  #delivery({ author, delivery, error, channel }: Line): HTMLElement | undefined {
    if (author === "customer" || delivery === "done") return undefined;
    const words = this.#words;
    if (delivery === "failed") {
      const why = fill(words.failedDelivery, { why: error ?? "" });
      return h("div", { class: "status bad" }, why);
    }
    if (channel in this.store.catalogue.files)
      return h("div", { class: "status" }, words.pendingDelivery);
    // The app sends nothing there: it is fetched, or stays until the channel is on again.
    const unsent: Record<string, { state: string; why: string }> = words.unsent;
    const { state, why } = unsent[channel] ?? words.unsent.other;
    return h("div", { class: "status", title: why }, state);
  }

  /** What the bot made of a customer's message. */
  #reading(reading: Reading, seq: number): HTMLElement {
    const words = this.#words;
    const [rung = "", rest = ""] = split(reading.decision);
    const intent = this.#intent(reading.intent);
    const hits = reading.faq.filter(({ id, score }) => id === rest || score >= FAINTEST_HIT);
    return h(
      "details",
      { class: "reading", "data-testid": "reading" },
      h(
        "summary",
        {},
        h("span", { class: `rung ${rung}`, title: reading.decision }, this.#rung(rung, rest)),
        intent && h("span", {}, fill(words.intent, { name: intent })),
        reading.confidence !== null &&
          h("span", {}, fill(words.confidence, { n: Math.round(reading.confidence * 100) })),
        reading.anger !== null &&
          reading.anger >= UPSET &&
          h("span", { class: "upset" }, words.angry),
        reading.mark && h("span", { class: "marked" }, words.marked[reading.mark]),
      ),
      hits.length > 0 &&
        h(
          "ul",
          { class: "hits", "aria-label": words.faqHits },
          ...hits.map((hit) =>
            h(
              "li",
              { class: hit.id === rest ? "hit chosen" : "hit" },
              h("span", { class: "score" }, `${Math.round(hit.score * 100)}%`),
              h("span", {}, hit.question[this.lang]),
            ),
          ),
        ),
      this.#marks(reading, seq),
    );
  }

  /** What the customer wanted, in words; nothing where the bot found no meaning. */
  #intent(name: string | null): string | undefined {
    if (!name || name === "nlu_fallback") return undefined;
    return this.store.catalogue.intents[name]?.[this.lang] ?? named(this.#words.talk, name);
  }

  /** What the bot did, in words; a step that has none yet shows as it is called. */
  #rung(rung: string, rest: string): string {
    const reason = this.store.catalogue.reasons[rest]?.[this.lang] ?? rest;
    return fill(named(this.#words.rungs, rung), { reason });
  }

  /** What an agent can say about the bot's answer; the list of FAQ gaps is made of it. */
  #marks({ mark }: Reading, seq: number): HTMLElement {
    const words = this.#words;
    return h(
      "div",
      { class: "marks", role: "group", "aria-label": words.markTitle },
      ...(["wrong", "missing"] as const).map((kind) =>
        h(
          "button",
          {
            type: "button",
            class: "quiet",
            "aria-pressed": String(mark === kind),
            "data-testid": `mark-${kind}`,
            onclick: () => void this.store.mark(seq, mark === kind ? null : kind),
          },
          words.marks[kind],
        ),
      ),
    );
  }

  #note(note: Note): HTMLElement {
    return h(
      "li",
      { class: "line note", "data-testid": "note" },
      h(
        "div",
        { class: "byline" },
        h("span", { class: "name" }, `${this.#words.note} · ${note.name}`),
        h("time", { datetime: note.at }, clock(note.at, this.lang)),
      ),
      h("div", { class: "bubble" }, ...plain(note.text)),
    );
  }

  #deed({ action, name, detail, at }: Deed): HTMLElement {
    const words = this.#words;
    const { catalogue, colleagues } = this.store;
    const to = detail.to ?? "";
    const team = catalogue.teams[to]?.[this.lang];
    const person = team ?? colleagues.find(({ login }) => login === to)?.name ?? to;
    const how = catalogue.outcomes[detail.resolution ?? ""]?.[this.lang] ?? "";
    const text = {
      take: fill(words.deedTake, { name }),
      transfer: fill(to === "queue" ? words.deedTransferQueue : words.deedTransfer, {
        name,
        to: person,
      }),
      give_back: fill(words.deedGiveBack, { name }),
      close: fill(words.deedClose, { name, how }),
      late: words.deedLate,
      unanswered: words.deedUnanswered,
      part: words.deedPart,
    }[action];
    return h(
      "li",
      { class: "deed" },
      h("span", {}, text),
      h("time", { datetime: at }, clock(at, this.lang)),
    );
  }

  #outgoing(outgoing: Outgoing): HTMLElement {
    const words = this.#words;
    const { store } = this;
    const { clientId, failed } = outgoing;
    const status =
      failed === undefined
        ? h("div", { class: "status" }, words.sending)
        : h(
            "div",
            { class: "status bad" },
            fill(words.notSent, { why: failed }),
            h(
              "button",
              { type: "button", class: "quiet", onclick: () => store.outgoing.retry(clientId) },
              words.retry,
            ),
            h(
              "button",
              { type: "button", class: "quiet", onclick: () => store.outgoing.discard(clientId) },
              words.discard,
            ),
          );
    return h(
      "li",
      { class: "line agent going", "data-testid": "outgoing" },
      h("div", { class: "byline" }, h("span", { class: "name" }, store.me.name)),
      h(
        "div",
        { class: "bubble" },
        ...markdown(outgoing.text),
        outgoing.file && this.#file(outgoing.file.attachment),
      ),
      status,
    );
  }
}

/** Lines by seq, notes after the line they were written at, deeds by time, answers on their way. */
function itemsOf(view: View, outgoing: readonly Outgoing[]): Item[] {
  const { lines, notes, deeds } = view;
  const before = (at: string) =>
    lines.findLast((line) => Date.parse(line.at) <= Date.parse(at))?.seq ?? 0;
  const placed: [number, Item][] = [
    ...lines.map((line): [number, Item] => [line.seq, { kind: "line", key: `l${line.seq}`, line }]),
    ...deeds.map((deed): [number, Item] => [
      before(deed.at) + 0.3,
      { kind: "deed", key: `d${deed.id}`, deed },
    ]),
    ...notes.map((note): [number, Item] => [
      note.after_seq + 0.6,
      { kind: "note", key: `n${note.id}`, note },
    ]),
  ];
  return [
    ...placed.sort(([a], [b]) => a - b).map(([, item]) => item),
    ...outgoing.map((one): Item => ({ kind: "outgoing", key: `o${one.clientId}`, outgoing: one })),
  ];
}

function split(decision: string): [string, string] {
  const at = decision.indexOf(":");
  return at < 0 ? [decision, ""] : [decision.slice(0, at), decision.slice(at + 1)];
}

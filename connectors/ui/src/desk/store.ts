/** What this page knows and does. Whoever shows it is told after every change. */

import { type Account, ApiError } from "../shared/http";
import { uuid } from "../shared/uuid";
import type { Api } from "./api";
import type { Call } from "./bell";
import { listed, TABS, type Tab } from "./lists";
import type {
  Catalogue,
  Colleague,
  Handed,
  Line,
  MarkKind,
  Row,
  Suggestion,
  View,
  Viewer,
} from "./model";
import { caughtUp, joined } from "./newest";
import { OutgoingQueue } from "./outgoing";
import type { Wire, WireEvents } from "./wire";

/** A typing sign is taken back after this pause, in milliseconds. */
const TYPING_MS = 4_000;
/** New lines are shown at once; brief, notes and customer follow after this pause, in milliseconds. */
const REST_MS = 700;

export interface StoreEvents {
  changed(): void;
  /** A deed was refused; `why` is the server's reason. */
  refused(error: ApiError): void;
  /** The session has ended. */
  signedOut(): void;
  /** Somebody new waits, is given to me, one of mine wrote, or nobody came in the promised time. */
  called(what: Call, row: Row): void;
}

export class Store {
  readonly rows = new Map<string, Row>();
  bots: Row[] = [];
  tab: Tab = "waiting";
  online = false;
  loaded = false;
  openId: string | undefined;
  view: View | undefined;
  suggestions: Suggestion[] = [];
  viewers: Viewer[] = [];
  colleagues: Colleague[] = [];
  /** Whether this agent takes new conversations. */
  accepting = true;
  /** The conversation of a colleague in which this supervisor speaks too. */
  joined: string | undefined;
  readonly outgoing: OutgoingQueue;
  #typing: ReturnType<typeof setTimeout> | undefined;
  #rest: ReturnType<typeof setTimeout> | undefined;
  /** The refresh under way, and whether another one is due after it. */
  #refreshing: Promise<void> | undefined;
  #again = false;
  #seen = "";
  #suggestedFor = "";
  readonly #wire: Wire;

  constructor(
    readonly me: Account,
    readonly catalogue: Catalogue,
    private readonly api: Api,
    connect: (events: WireEvents) => Wire,
    private readonly events: StoreEvents,
  ) {
    this.outgoing = new OutgoingQueue(me.login, api.answer, () => events.changed());
    this.#wire = connect({
      online: () => void this.#resync(),
      lost: () => {
        this.online = false;
        events.changed();
      },
      rows: ({ changed, gone }) => this.#rows(changed, gone),
      lines: ({ id, lines }) => id === this.openId && this.#lines(lines),
      viewers: ({ id, viewers }) => {
        if (id !== this.openId) return;
        this.viewers = viewers.filter(({ login }) => login !== me.login);
        events.changed();
      },
    });
  }

  /** The rows of the chosen list. */
  get list(): Row[] {
    return listed(this.tab, this.rows.values(), this.bots, this.me.login);
  }

  /** The row of the open conversation, newer than the view when an event brought it. */
  get row(): Row | undefined {
    return (this.openId && this.rows.get(this.openId)) || this.view?.row;
  }

  get mine(): boolean {
    return this.row?.state === "agent" && this.row.agent === this.me.login;
  }

  /** Whether this agent may write to the customer. */
  get speaks(): boolean {
    return this.mine || (this.row?.state === "agent" && this.joined === this.openId);
  }

  get directs(): boolean {
    return this.me.role === "supervisor" || this.me.role === "admin";
  }

  async choose(tab: Tab): Promise<void> {
    this.tab = tab;
    this.events.changed();
    if (tab !== "bot") return;
    await this.#try(async () => {
      this.bots = await this.api.list("bot");
    });
  }

  async open(id: string | undefined): Promise<void> {
    if (id === this.openId) return;
    this.openId = id;
    this.view = undefined;
    this.suggestions = [];
    this.viewers = [];
    this.#suggestedFor = "";
    this.#typed(false);
    this.#wire.open(id ?? null);
    this.events.changed();
    if (id) await this.#refresh();
  }

  /** Opens the next (1) or previous (-1) conversation of the list. */
  step(by: 1 | -1): void {
    const rows = this.list;
    const at = rows.findIndex(({ id }) => id === this.openId);
    const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by];
    if (next) void this.open(next.id);
  }

  stepTab(by: 1 | -1): void {
    const at = TABS.indexOf(this.tab) + by;
    void this.choose(TABS[(at + TABS.length) % TABS.length] ?? "waiting");
  }

  say(text: string): void {
    const words = text.trim();
    if (!words || !this.openId) return;
    this.#typed(false);
    this.outgoing.add({
      clientId: uuid(),
      conversation: this.openId,
      text: words,
      at: new Date().toISOString(),
    });
  }

  upload(file: File): Promise<Handed> {
    return this.api.upload(file);
  }

  sendFile(conversation: string, file: Handed): void {
    this.outgoing.add({
      clientId: uuid(),
      conversation,
      text: "",
      at: new Date().toISOString(),
      file,
    });
  }

  /** Call at every key: the customer and colleagues see that somebody is typing. */
  typing(): void {
    if (!this.#typing) this.#wire.typing(true);
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => this.#typed(false), TYPING_MS);
  }

  async take(): Promise<boolean> {
    const done = await this.#deed((id) => this.api.take(id));
    if (done) this.tab = "mine";
    return done;
  }

  note(text: string): Promise<boolean> {
    return this.#deed((id) => this.api.note(id, text.trim()));
  }

  passOn(to: string | null, team?: string): Promise<boolean> {
    return this.#deed((id) => this.api.passOn(id, to, team));
  }

  snooze(minutes: number): Promise<boolean> {
    return this.#deed((id) => this.api.snooze(id, minutes));
  }

  part(other: string): Promise<boolean> {
    return this.#deed((id) => this.api.part(id, other));
  }

  mark(seq: number, kind: MarkKind | null): Promise<boolean> {
    return this.#deed((id) => this.api.mark(id, seq, kind));
  }

  join(): void {
    this.joined = this.openId;
    this.events.changed();
  }

  async accept(on: boolean): Promise<void> {
    await this.#try(async () => {
      await this.api.setAgent(this.me.login, { accepting: on });
      this.accepting = on;
    });
  }

  giveBack(): Promise<boolean> {
    return this.#deed((id) => this.api.giveBack(id));
  }

  close(resolution: string): Promise<boolean> {
    return this.#deed((id) => this.api.close(id, resolution));
  }

  async loadColleagues(): Promise<void> {
    await this.#try(async () => {
      const everyone = await this.api.agents();
      this.colleagues = everyone.filter(({ login }) => login !== this.me.login);
      this.accepting = everyone.find(({ login }) => login === this.me.login)?.accepting ?? true;
    });
  }

  stop(): void {
    clearTimeout(this.#typing);
    clearTimeout(this.#rest);
    this.#wire.close();
  }

  #typed(on: boolean): void {
    clearTimeout(this.#typing);
    if (this.#typing && !on) this.#wire.typing(false);
    this.#typing = undefined;
  }

  async #deed(work: (id: string) => Promise<unknown>): Promise<boolean> {
    const id = this.openId;
    if (!id) return false;
    try {
      await work(id);
    } catch (error) {
      if (error instanceof ApiError && error.status !== 401) this.events.refused(error);
      else this.#failed(error);
      await this.#refresh();
      return false;
    }
    await this.#refresh();
    return true;
  }

  async #resync(): Promise<void> {
    await this.#try(async () => {
      if (!this.loaded) await this.loadColleagues();
      const rows = await this.api.list("open");
      this.rows.clear();
      for (const row of rows) this.rows.set(row.id, row);
      this.online = true;
      this.loaded = true;
      this.#wire.open(this.openId ?? null);
      if (this.tab === "bot") this.bots = await this.api.list("bot");
    });
    void this.outgoing.flush();
    if (this.openId) await this.#refresh();
  }

  #rows(changed: readonly Row[], gone: readonly string[]): void {
    for (const row of changed) {
      const before = this.rows.get(row.id);
      if (this.directs && row.late && before && !before.late) this.events.called("late", row);
      else if (row.state === "queued" && before?.state !== "queued")
        this.events.called("customer", row);
      else if (row.agent === this.me.login && (row.id !== this.openId || document.hidden)) {
        // Given by a colleague or by the assignment; what I take myself is open before me.
        if (before?.agent !== this.me.login) this.events.called("yours", row);
        else if (row.unread > before.unread) this.events.called("message", row);
      }
      this.rows.set(row.id, row);
    }
    for (const id of gone) this.rows.delete(id);
    this.events.changed();
    if (this.openId && gone.includes(this.openId)) void this.#refresh();
  }

  /** Shows lines that came by themselves, and asks for the rest in a moment. */
  #lines(newest: readonly Line[]): void {
    const { view } = this;
    const lines = view && joined(view.lines, newest);
    if (!lines) {
      void this.#refresh();
      return;
    }
    this.view = { ...view, lines };
    this.events.changed();
    void this.#suggest();
    void this.#markSeen();
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => void this.#refresh(), REST_MS);
  }

  /** Asks for the open conversation anew; what comes up meanwhile leads to one more question. */
  #refresh(): Promise<void> {
    if (this.#refreshing) this.#again = true;
    else {
      this.#refreshing = this.#load().finally(() => {
        this.#refreshing = undefined;
      });
    }
    return this.#refreshing ?? Promise.resolve();
  }

  async #load(): Promise<void> {
    do {
      this.#again = false;
      const id = this.openId;
      if (!id) return;
      await this.#try(async () => {
        const view = await this.api.view(id);
        if (id !== this.openId) return;
        const lines = caughtUp(view.lines, this.view?.lines ?? []);
        this.view = { ...view, lines };
      });
    } while (this.#again);
    void this.#suggest();
    void this.#markSeen();
  }

  async #suggest(): Promise<void> {
    const { view, openId } = this;
    const last = view?.lines.findLast(({ author }) => author === "customer");
    const question = `${openId}:${last?.seq}`;
    if (!view || !openId || !last || question === this.#suggestedFor) return;
    this.#suggestedFor = question;
    await this.#try(async () => {
      const suggestions = await this.api.suggestions(openId);
      if (openId === this.openId) this.suggestions = suggestions;
    });
  }

  async #markSeen(): Promise<void> {
    const { row, view, openId } = this;
    const last = view?.lines.at(-1)?.seq;
    const mark = `${openId}:${last}`;
    if (!openId || !last || !row?.unread || document.hidden || mark === this.#seen) return;
    this.#seen = mark;
    await this.#try(() => this.api.seen(openId, last));
  }

  async #try(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#failed(error);
    }
    this.events.changed();
  }

  #failed(error: unknown): void {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 401) this.events.signedOut();
    else if (error.status === 404) void this.open(undefined);
  }
}

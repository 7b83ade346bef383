/** One customer's conversation in this tab: what is known, what is on its way, who answers.
 * Knows nothing of the page; whoever shows it is told after every change. */

import type { Lang } from "../shared/language";
import { read, write } from "../shared/storage";
import { uuid } from "../shared/uuid";
import { Outbox } from "./outbox";
import {
  type Auth,
  type Greeting,
  type Message,
  type Rate,
  type Ready,
  type Service,
  type State,
  TEXT_LIMIT,
} from "./protocol";
import { browserShelf } from "./shelf";
import { catchUp, EMPTY, hasGap, rated, receive, type Transcript } from "./transcript";
import { Refused, upload } from "./upload";
import type { OpenWire, Wire } from "./wire";

/** A typing sign without news goes out after this time, in milliseconds. */
const TYPING_MS = 30_000;

export class Conversation {
  transcript: Transcript = EMPTY;
  greeting: Greeting | undefined;
  /** Unknown until the server has answered for the first time. */
  state: State | undefined;
  service: Service = {};
  typing: "bot" | "agent" | undefined;
  /** `connecting` is the first try, before it has failed or succeeded. */
  link: "connecting" | "online" | "lost" = "connecting";
  readonly outbox: Outbox;
  #session: string | undefined;
  #read: number;
  #resuming = false;
  #typingTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #wire: Wire;

  constructor(
    private readonly server: string,
    private readonly lang: Auth["lang"],
    private readonly uiLang: Lang,
    openWire: OpenWire,
    private readonly changed: () => void,
    private readonly customerToken: () => string | undefined = () => undefined,
  ) {
    this.#session = read("local", server, "session") ?? undefined;
    this.#read = Number(read("local", server, "read")) || 0;
    this.outbox = new Outbox(
      browserShelf(server),
      (say) => this.#wire.say(say),
      ({ client_id, text, at, attachments }, seq) =>
        this.#take({
          seq,
          author: "customer",
          text,
          at,
          client_id,
          ...(attachments && { attachments }),
        }),
      () => this.#wire.reconnect(),
      changed,
    );
    this.#wire = openWire(() => this.#auth(), {
      ready: (ready) => this.#ready(ready),
      message: (message) => {
        if (message.author === this.typing) this.#setTyping(undefined);
        this.#take(message);
        changed();
      },
      typing: ({ on, author }) => {
        this.#setTyping(on ? author : undefined);
        changed();
      },
      state: (state) => {
        this.state = state;
        changed();
      },
      service: (service) => {
        this.service = service;
        changed();
      },
      rated: (rate) => this.#rated(rate),
      erased: (session) => this.#startAfresh(session),
      lost: () => {
        this.link = "lost";
        this.#setTyping(undefined);
        this.outbox.offline();
        changed();
      },
    });
  }

  /** Sends what the customer typed, or a button's payload with its title as text. */
  say(text: string, payload?: string): void {
    const words = text.trim().slice(0, TEXT_LIMIT);
    if (!words) return;
    const item = { client_id: uuid(), text: words, at: new Date().toISOString() };
    this.outbox.add(payload === undefined ? item : { ...item, payload });
  }

  /** Tells whether an answer helped; null takes it back. */
  async rate(rate: Rate): Promise<void> {
    const before = this.transcript;
    const helpful = before.messages.find(({ seq }) => seq === rate.seq)?.helpful ?? null;
    this.#rated(rate);
    const done = await this.#wire.rate(rate).catch(() => undefined);
    if (!done?.ok) this.#rated({ seq: rate.seq, helpful });
  }

  /** Deletes the chat here and on the server; returns whether that worked. */
  async erase(): Promise<boolean> {
    const before = this.#session;
    const done = await this.#wire.erase().catch(() => undefined);
    // The news of it opens a new connection, and the answer may get lost with the old one.
    return done?.ok === true || this.#session !== before;
  }

  /** Hands a file in and sends it; throws `Refused`. */
  async sendFile(file: File): Promise<void> {
    if (!this.#session) throw new Refused({ code: "network" });
    const { receipt, attachment } = await upload(this.server, this.#session, file);
    this.outbox.add({
      client_id: uuid(),
      text: "",
      at: new Date().toISOString(),
      files: [receipt],
      attachments: [attachment],
    });
  }

  /** How many messages the customer has not seen yet. */
  get unread(): number {
    return this.transcript.messages.filter(
      ({ author, seq }) => author !== "customer" && seq > this.#read,
    ).length;
  }

  /** Notes that the customer sees everything that is here. */
  markRead(): void {
    const last = this.transcript.messages.at(-1)?.seq ?? 0;
    if (last <= this.#read) return;
    this.#read = last;
    write("local", this.server, "read", String(last));
  }

  /** Connects anew: another customer is signed in, or nobody any more. */
  identify(): void {
    this.#wire.reconnect();
  }

  close(): void {
    clearTimeout(this.#typingTimer);
    this.#wire.close();
  }

  #auth(): Auth {
    const auth = { lang: this.lang, ui_lang: this.uiLang, last_seq: this.transcript.complete };
    const token = this.customerToken();
    return {
      ...(this.#session && { session: this.#session }),
      ...auth,
      ...(token && { customer_token: token }),
    };
  }

  #ready(ready: Ready): void {
    // biome-ignore lint/suspicious/noConsole: for those who build the page; the customer goes on without
    if (ready.token_error) console.warn(`yingda-chat: ${ready.token_error}`);
    if (ready.session !== this.#session) {
      // The server did not know our token any more: what is shown belongs to no conversation.
      this.#adopt(ready.session);
    }
    this.transcript = catchUp(this.transcript, ready.messages);
    this.#settle(ready.messages);
    this.state = ready.state;
    this.service = ready.service ?? {};
    this.greeting = ready.greeting ?? undefined;
    this.link = "online";
    this.changed();
    this.outbox.online();
    void this.#fillGap();
  }

  #rated({ seq, helpful }: Rate): void {
    this.transcript = rated(this.transcript, seq, helpful);
    this.changed();
  }

  #adopt(session: string): void {
    this.transcript = EMPTY;
    this.#read = 0;
    this.#session = session;
    write("local", this.server, "session", session);
    write("local", this.server, "read", null);
  }

  #startAfresh(session: string): void {
    this.#adopt(session);
    for (const { client_id } of this.outbox.items) this.outbox.discard(client_id);
    this.changed();
    this.#wire.reconnect();
  }

  #take(message: Message): void {
    this.transcript = receive(this.transcript, message);
    this.#settle([message]);
    void this.#fillGap();
  }

  /** What the server shows as stored needs no more sending, even if its answer got lost. */
  #settle(messages: readonly Message[]): void {
    for (const { client_id } of messages) if (client_id) this.outbox.discard(client_id);
  }

  async #fillGap(): Promise<void> {
    if (this.#resuming) return;
    this.#resuming = true;
    try {
      while (this.link === "online" && hasGap(this.transcript)) {
        const batch = await this.#wire.resume(this.transcript.complete);
        this.transcript = catchUp(this.transcript, batch);
        this.#settle(batch);
        this.changed();
      }
    } catch {
      // Lost or silent: the next connection's `ready` brings what is missing.
      if (this.link === "online") this.#wire.reconnect();
    } finally {
      this.#resuming = false;
    }
  }

  #setTyping(author: "bot" | "agent" | undefined): void {
    clearTimeout(this.#typingTimer);
    this.typing = author;
    if (!author) return;
    this.#typingTimer = setTimeout(() => {
      this.typing = undefined;
      this.changed();
    }, TYPING_MS);
  }
}

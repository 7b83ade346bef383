/** Answers on their way: each is sent until the server has stored it, and stored once. */

import { ApiError } from "../shared/http";
import type { Api } from "./api";
import type { Handed } from "./model";

export interface Outgoing {
  clientId: string;
  conversation: string;
  text: string;
  at: string;
  /** A file that was handed in. */
  file?: Handed;
  /** Why the server refused it; a lost connection is no refusal. */
  failed?: string;
}

/** Keeps what is not stored yet in the browser, so that a closed page loses no answer. */
export class OutgoingQueue {
  items: Outgoing[];
  readonly #key: string;
  #sending = false;

  /** @param login whose answers: a colleague on the same browser must not send them. */
  constructor(
    login: string,
    private readonly answer: Api["answer"],
    private readonly changed: () => void,
  ) {
    this.#key = `yingda:desk:outgoing:${login}`;
    this.items = load(this.#key);
  }

  of(conversation: string): Outgoing[] {
    return this.items.filter((item) => item.conversation === conversation);
  }

  add(item: Outgoing): void {
    this.#set([...this.items, item]);
    void this.flush();
  }

  retry(clientId: string): void {
    this.#set(
      this.items.map((item) => {
        if (item.clientId !== clientId) return item;
        const { failed: _, ...again } = item;
        return again;
      }),
    );
    void this.flush();
  }

  discard(clientId: string): void {
    this.#set(this.items.filter((item) => item.clientId !== clientId));
  }

  /** Sends what waits, in order; stops at the first that does not reach the server. */
  async flush(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    try {
      for (;;) {
        const item = this.items.find(({ failed }) => failed === undefined);
        if (!item) return;
        try {
          await this.answer(item.conversation, item.text, item.clientId, item.file?.receipt);
          this.discard(item.clientId);
        } catch (error) {
          if (!(error instanceof ApiError) || !error.refused) return;
          const { message } = error;
          this.#set(
            this.items.map((other) =>
              other.clientId === item.clientId ? { ...other, failed: message } : other,
            ),
          );
        }
      }
    } finally {
      this.#sending = false;
    }
  }

  #set(items: Outgoing[]): void {
    this.items = items;
    try {
      localStorage.setItem(this.#key, JSON.stringify(items));
    } catch {
      // A browser that forbids storage still sends; it only forgets at reload.
    }
    this.changed();
  }
}

function load(key: string): Outgoing[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(stored) ? (stored as Outgoing[]) : [];
  } catch {
    return [];
  }
}

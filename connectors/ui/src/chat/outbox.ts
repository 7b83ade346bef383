/** Messages the customer has sent and the server has not yet taken.
 *
 * One at a time and in order; the same `client_id` on every try, so that the server can tell a
 * second try from a second message. Kept in the browser's storage until taken: a reload, a closed
 * laptop or a lost connection loses nothing.
 */

import type { Ack, Attachment, Refusal, Say } from "./protocol";

export interface Outgoing extends Say {
  /** When the customer pressed send, ISO 8601. */
  at: string;
  /** What is shown of `files`. */
  attachments?: Attachment[];
  /** Set when the server refused it, or never answered: waits for the customer's decision. */
  failed?: Refusal;
}

/** Where the outbox lives between page loads. Two tabs share it, so it works item by item. */
export interface Shelf {
  load(): Outgoing[];
  put(item: Outgoing): void;
  remove(clientId: string): void;
}

/** How often one message is tried on a live connection before the customer is asked. */
export const TRIES = 3;

export class Outbox {
  items: readonly Outgoing[];
  #online = false;
  /** Counts connections: an answer from an earlier one must not be taken for this one's. */
  #epoch = 0;
  #sending = false;
  readonly #tries = new Map<string, number>();

  /**
   * @param deliver sends one message; rejects when the connection breaks or no answer comes in time.
   * @param taken called when the server stored a message under `seq`.
   * @param stalled called when an answer is overdue: the connection is not to be trusted.
   * @param changed called after every change of `items`.
   */
  constructor(
    private readonly shelf: Shelf,
    private readonly deliver: (say: Say) => Promise<Ack>,
    private readonly taken: (item: Outgoing, seq: number) => void,
    private readonly stalled: () => void,
    private readonly changed: () => void,
  ) {
    this.items = shelf.load();
  }

  add(item: Outgoing): void {
    this.#set(item);
    void this.#pump();
  }

  /** Sends a failed message again, after those already waiting. */
  retry(clientId: string): void {
    const item = this.items.find((candidate) => candidate.client_id === clientId);
    if (!item?.failed) return;
    const { failed: _, ...again } = item;
    this.#tries.delete(clientId);
    this.#drop(clientId);
    this.add(again);
  }

  /** Forgets a message: the customer gave it up, or the server is known to have it. */
  discard(clientId: string): void {
    if (!this.items.some((item) => item.client_id === clientId)) return;
    this.#drop(clientId);
    this.changed();
  }

  online(): void {
    this.#online = true;
    this.#restart();
  }

  offline(): void {
    this.#online = false;
    this.#restart();
  }

  #restart(): void {
    this.#epoch += 1;
    this.#sending = false;
    void this.#pump();
  }

  async #pump(): Promise<void> {
    if (this.#sending || !this.#online) return;
    const epoch = this.#epoch;
    this.#sending = true;
    for (let item = this.#next(); item; item = this.#next()) {
      const going = await this.#try(item, epoch);
      // A new connection runs a pump of its own.
      if (epoch !== this.#epoch) return;
      if (!going) break;
    }
    this.#sending = false;
  }

  #next(): Outgoing | undefined {
    return this.items.find((item) => !item.failed);
  }

  /** Returns whether the next message may follow on this connection. */
  async #try(item: Outgoing, epoch: number): Promise<boolean> {
    const { at: _at, failed: _failed, attachments: _attachments, ...say } = item;
    let ack: Ack;
    try {
      ack = await this.deliver(say);
    } catch {
      if (epoch !== this.#epoch) return false;
      const tries = (this.#tries.get(item.client_id) ?? 0) + 1;
      this.#tries.set(item.client_id, tries);
      if (tries >= TRIES) this.#fail(item, { code: "timeout" });
      this.stalled();
      return false;
    }
    if (!this.items.some((other) => other.client_id === item.client_id)) return true;
    if (ack.ok) {
      this.#drop(item.client_id);
      this.taken(item, ack.seq);
      this.changed();
    } else {
      this.#fail(item, ack.error);
    }
    return true;
  }

  #fail(item: Outgoing, failed: Refusal): void {
    this.#set({ ...item, failed });
  }

  #set(item: Outgoing): void {
    const same = (other: Outgoing) => other.client_id === item.client_id;
    this.items = this.items.some(same)
      ? this.items.map((other) => (same(other) ? item : other))
      : [...this.items, item];
    this.shelf.put(item);
    this.changed();
  }

  #drop(clientId: string): void {
    this.items = this.items.filter((item) => item.client_id !== clientId);
    this.shelf.remove(clientId);
  }
}

/** A connection that the test plays the server on. */

import type { Ack, Auth, Done, Message, Rate, Ready, Say } from "../../src/chat/protocol";
import type { OpenWire, WireEvents } from "../../src/chat/wire";

export class FakeWire {
  auth!: () => Auth;
  events!: WireEvents;
  readonly said: Say[] = [];
  readonly asked: number[] = [];
  /** What the server holds, for `resume`. */
  stored: Message[] = [];
  answer: (say: Say) => Ack = () => ({ ok: true, seq: this.said.length });
  readonly rates: Rate[] = [];
  /** The answer to `rate` and `erase`. */
  done: Done = { ok: true };
  reconnects = 0;

  readonly open: OpenWire = (auth, events) => {
    this.auth = auth;
    this.events = events;
    return {
      say: async (say) => {
        this.said.push(say);
        return this.answer(say);
      },
      resume: async (lastSeq) => {
        this.asked.push(lastSeq);
        return this.stored.filter(({ seq }) => seq > lastSeq);
      },
      rate: async (rate) => {
        this.rates.push(rate);
        return this.done;
      },
      erase: async () => {
        if (this.done.ok) this.events.erased("s2");
        return this.done;
      },
      reconnect: () => {
        this.reconnects += 1;
      },
      close: () => undefined,
    };
  };

  ready(more: Partial<Ready> = {}): void {
    this.events.ready({ session: "s1", state: "bot", messages: [], ...more });
  }
}

export const message = (seq: number, more: Partial<Message> = {}): Message => ({
  seq,
  author: "bot",
  text: `m${seq}`,
  at: "2026-11-22T10:00:00Z",
  ...more,
});

export const settled = () => new Promise((resolve) => setTimeout(resolve));

/** From what is known to what is shown, line by line. Pure: the page only draws these rows. */

import type { Outgoing } from "./outbox";
import type { Attachment, Button, Card, Greeting, Message, Refusal } from "./protocol";

export interface TimeRow {
  kind: "time";
  key: string;
  at: string;
}

export interface MessageRow {
  kind: "message";
  /** Stays the same from "waiting" to "stored", so that the bubble on the page does too. */
  key: string;
  author: Message["author"];
  text: string;
  at?: string;
  /** Missing while the server has not stored it, and for the greeting. */
  seq?: number;
  status: "stored" | "waiting" | "failed";
  failed?: Refusal;
  clientId?: string;
  buttons: readonly Button[];
  /** Whether the buttons may be pressed: only until the customer has said something after them. */
  live: boolean;
  /** Title of the button that the customer pressed. */
  chosen?: string;
  picture?: string;
  link?: { url: string; title: string };
  attachments: readonly Attachment[];
  cards: readonly Card[];
  rateable: boolean;
  helpful: boolean | null;
  /** First of several messages of one author in a row. */
  leads: boolean;
}

export type Row = TimeRow | MessageRow;

/** A pause after which the time is shown again, in milliseconds. */
const PAUSE_MS = 5 * 60 * 1000;

/** Rows in reading order: greeting, stored messages, messages on their way. */
export function rows(
  greeting: Greeting | undefined,
  messages: readonly Message[],
  outbox: readonly Outgoing[],
): Row[] {
  const all: MessageRow[] = [];
  if (greeting) all.push(row("greeting", "bot", greeting.text, greeting));
  for (const message of messages) {
    const shown = row(
      message.client_id ?? `s${message.seq}`,
      message.author,
      message.text,
      message,
    );
    all.push({ ...shown, at: message.at, seq: message.seq });
  }
  for (const item of outbox) {
    const shown = row(item.client_id, "customer", item.text, item);
    all.push({
      ...shown,
      at: item.at,
      clientId: item.client_id,
      ...(item.failed ? { status: "failed", failed: item.failed } : { status: "waiting" }),
    });
  }
  answerButtons(all);
  return separate(all);
}

function row(
  key: string,
  author: Message["author"],
  text: string,
  { buttons, picture, link, attachments, cards, lead, rateable, helpful }: Partial<Message>,
): MessageRow {
  return {
    kind: "message",
    key,
    author,
    text: lead ?? text,
    status: "stored",
    buttons: buttons ?? [],
    live: true,
    leads: true,
    attachments: attachments ?? [],
    cards: cards ?? [],
    rateable: rateable ?? false,
    helpful: helpful ?? null,
    ...(picture ? { picture } : {}),
    ...(link ? { link } : {}),
  };
}

/** Closes the buttons of every message that the customer has answered, from the end backwards. */
function answerButtons(all: MessageRow[]): void {
  let answer: MessageRow | undefined;
  for (const shown of [...all].reverse()) {
    if (shown.author === "customer") {
      // A refused message is no answer: its buttons must stay usable.
      if (shown.status !== "failed") answer = shown;
    } else if (answer) {
      shown.live = false;
      const chosen = answer.text;
      if (shown.buttons.some(({ title }) => title === chosen)) shown.chosen = chosen;
    }
  }
}

function separate(all: readonly MessageRow[]): Row[] {
  const result: Row[] = [];
  let before: MessageRow | undefined;
  let lastAt = Number.NEGATIVE_INFINITY;
  for (const shown of all) {
    const at = shown.at === undefined ? Number.NaN : Date.parse(shown.at);
    if (at - lastAt > PAUSE_MS && shown.at !== undefined) {
      result.push({ kind: "time", key: `t${shown.key}`, at: shown.at });
      before = undefined;
    }
    if (!Number.isNaN(at)) lastAt = Math.max(lastAt, at);
    shown.leads = before?.author !== shown.author;
    result.push(shown);
    before = shown;
  }
  return result;
}

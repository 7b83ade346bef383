/** The wire: what the widget and the server say to each other over Socket.IO. */

export type Author = "customer" | "bot" | "agent" | "system";
/** Who answers: the assistant, nobody yet (a person was asked for), a person. */
export type State = "bot" | "queued" | "agent";

export interface Button {
  title: string;
  payload: string;
}

/** One thing at a glance, such as an order. */
export interface Card {
  title: string;
  badge?: string | null;
  /** Labels and values. */
  facts?: [string, string][];
  /** Which of the message's buttons belongs to the card. */
  payload?: string | null;
}

/** A file that the customer sent, kept by the server and readable at `/files/<id>`. */
export interface Attachment {
  id: string;
  kind: "picture" | "file";
  name: string;
}

export interface Message {
  /** Position in the conversation: 1, 2, 3 … without holes. */
  seq: number;
  author: Author;
  text: string;
  buttons?: Button[] | null;
  picture?: string | null;
  link?: { url: string; title: string } | null;
  cards?: Card[] | null;
  /** Stands for the text where cards are shown. */
  lead?: string | null;
  attachments?: Attachment[] | null;
  /** ISO 8601 with zone. */
  at: string;
  client_id?: string | null;
  /** An answer that the customer may call helpful or not. */
  rateable?: boolean;
  /** What they called it. */
  helpful?: boolean | null;
  /** Which agent wrote it. */
  name?: string | null;
}

/** Who serves: the agent's name, or the place in the queue from 1 and the expected wait, if known. */
export interface Service {
  agent?: string | null;
  position?: number | null;
  wait_minutes?: number | null;
}

/** What a customer sends to leave the queue. */
export const BACK_TO_BOT = "/back_to_bot";

/** First words of the assistant; not part of the stored conversation. */
export type Greeting = Pick<Message, "text" | "buttons">;

/** Sent with every connection. */
export interface Auth {
  session?: string;
  /** What the embedding page asked for. */
  lang: "zh" | "en" | "auto";
  /** The language the widget shows itself in; the greeting should match it. */
  ui_lang: "zh" | "en";
  /** Everything up to here is already shown. */
  last_seq: number;
  /** Names the signed-in customer of the shop; signed by the shop. */
  customer_token?: string;
}

export interface Ready {
  session: string;
  state: State;
  service?: Service | null;
  messages: Message[];
  greeting?: Greeting | null;
  /** Why the customer token was refused. */
  token_error?: string | null;
}

export interface Say {
  client_id: string;
  text: string;
  payload?: string;
  /** Receipts of files that were handed in before. */
  files?: string[];
}

/** What the server answers to a file; the receipt names it in a message. */
export interface Receipt {
  receipt: string;
  attachment: Attachment;
}

/** Why the server refused a message, in both languages. */
export interface Refusal {
  code: string;
  zh?: string;
  en?: string;
}

export interface Rate {
  seq: number;
  helpful: boolean | null;
}

export type Done = { ok: true } | { ok: false; error: Refusal };
export type Ack = { ok: true; seq: number } | { ok: false; error: Refusal };

/** Largest file that may be sent. */
export const FILE_LIMIT_BYTES = 10_000_000;
/** What the server takes, as a file chooser reads it. */
export const FILE_TYPES = "image/jpeg,image/png,image/webp,image/gif,application/pdf,video/mp4";
/** Longest message a customer may send, in UTF-16 code units (what `maxlength` counts). */
export const TEXT_LIMIT = 2000;

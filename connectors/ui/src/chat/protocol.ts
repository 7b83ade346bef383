/** The wire: what the widget and the server say to each other over Socket.IO. */

export type Author = "customer" | "bot" | "agent" | "system";
/** Who answers: the assistant, nobody yet (a person was asked for), a person. */
export type State = "bot" | "queued" | "agent";

export interface Button {
  title: string;
  payload: string;
}

export interface Message {
  /** Position in the conversation: 1, 2, 3 … without holes. */
  seq: number;
  author: Author;
  text: string;
  buttons?: Button[] | null;
  picture?: string | null;
  link?: { url: string; title: string } | null;
  /** ISO 8601 with zone. */
  at: string;
  client_id?: string | null;
  /** Which agent wrote it. */
  name?: string | null;
}

/** Who serves: the agent's name, or the place in the queue from 1. */
export interface Service {
  agent?: string | null;
  position?: number | null;
}

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
}

export interface Ready {
  session: string;
  state: State;
  service?: Service | null;
  messages: Message[];
  greeting?: Greeting | null;
}

export interface Say {
  client_id: string;
  text: string;
  payload?: string;
}

/** Why the server refused a message, in both languages. */
export interface Refusal {
  code: string;
  zh?: string;
  en?: string;
}

export type Ack = { ok: true; seq: number } | { ok: false; error: Refusal };

/** Longest message a customer may send, in UTF-16 code units (what `maxlength` counts). */
export const TEXT_LIMIT = 2000;

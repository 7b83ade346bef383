/** What the server tells the desk; the shapes of `/desk/api` and of the namespace `/desk`. */

import type { Lang } from "../shared/language";
import type { Case } from "./case-card";

export interface Bilingual {
  zh: string;
  en: string;
}

export type State = "bot" | "queued" | "agent";
export type Priority = "normal" | "high" | "urgent";

/** One conversation in a list. Times are ISO 8601. */
export interface Row {
  id: string;
  channel: string;
  /** The shop's name of a customer who has proved who they are, or of whom to call. */
  name: string | null;
  /** The number of somebody who can only be called. */
  phone: string | null;
  state: State;
  language: Lang | null;
  last_seq: number;
  last_at: string;
  preview: string;
  /** The kind of a file that came without words. */
  preview_file: Attachment["kind"] | null;
  reason: string | null;
  priority: Priority | null;
  agent: string | null;
  agent_name: string | null;
  since: string | null;
  taken_at: string | null;
  closed_at: string | null;
  resolution: string | null;
  unread: number;
  /** Orders the waiting: since when they count as waiting. */
  turn: string;
  team: string | null;
  /** Who had this customer within a day. */
  preferred: string | null;
  /** The customer has heard that it takes longer than promised. */
  late: boolean;
  snoozed_until: string | null;
  callback: { phone: string; wish: string | null } | null;
}

export interface FaqHit {
  id: string;
  question: Bilingual;
  score: number;
}

export interface Reading {
  intent: string | null;
  confidence: number | null;
  decision: string;
  language: string | null;
  faq: FaqHit[];
  latency_ms: number;
  /** 0..1; null where nobody measures it. */
  anger: number | null;
  mark: MarkKind | null;
}

export type MarkKind = "wrong" | "missing";

/** A file in a conversation, readable at `/files/<id>`. */
export interface Attachment {
  id: string;
  kind: "picture" | "file";
  name: string;
}

/** What the server answers to a file; the receipt names it in an answer. */
export interface Handed {
  receipt: string;
  attachment: Attachment;
}

export interface Line {
  seq: number;
  /** Where it came from or went to: a customer may be known on several channels. */
  channel: string;
  author: "customer" | "bot" | "agent" | "system";
  name: string | null;
  text: string;
  buttons: string[];
  picture: string | null;
  link: string | null;
  attachments: Attachment[];
  button: boolean;
  at: string;
  delivery: "pending" | "done" | "failed";
  error: string | null;
  reading: Reading | null;
  /** A note that the bot left for us, in both languages. */
  texts: Bilingual | null;
}

export interface Note {
  id: number;
  after_seq: number;
  name: string;
  text: string;
  at: string;
}

export interface Deed {
  id: number;
  at: string;
  action: "take" | "transfer" | "give_back" | "close" | "late" | "unanswered" | "part";
  name: string;
  detail: Record<string, string>;
}

export interface Brief {
  wants: Bilingual[];
  words: string | null;
  tried: {
    kind: "answer" | "suggest" | "miss" | "decline";
    times: number;
    faq: Bilingual | null;
  }[];
  turns: number;
  upset: boolean;
}

export interface Parcel {
  carrier: Bilingual;
  tracking_number: string;
  news: Bilingual | null;
  at: string | null;
}

export interface Order {
  number: string;
  state: Bilingual;
  items: Bilingual;
  total: Bilingual;
  to_collect: Bilingual | null;
  placed_at: string;
  recipient: string;
  phone: string;
  address: string;
  parcels: Parcel[];
}

export interface Earlier {
  conversation_id: string;
  channel: string;
  at: string;
  reason: string;
  resolution: string | null;
  agent: string | null;
  score: number | null;
}

/** Another conversation of this customer; `whole` is the one in which all of them go on. */
export interface Linked {
  conversation_id: string;
  channel: string;
  since: string | null;
  whole: boolean;
}

/** What the platform still allows to send; `null` until where nothing ever was. */
export interface ReplyWindow {
  left: number;
  until: string | null;
}

export interface Customer {
  identity: "anonymous" | "claimed" | "lapsed" | "verified";
  /** The strongest proof that counts now. */
  proof: "last_four" | "phone_shared" | "signed_in" | "one_time_code" | null;
  name: string | null;
  orders: Order[];
  earlier: Earlier[];
  linked: Linked[];
  cases: Case[];
}

/** Everything about one conversation. */
export interface View {
  row: Row;
  lines: Line[];
  notes: Note[];
  deeds: Deed[];
  brief: Brief;
  customer: Customer;
  /** Null where the platform does not count. */
  window: ReplyWindow | null;
}

export interface Suggestion extends FaqHit {
  answer: Bilingual;
}

export interface Canned extends Bilingual {
  id: string;
  keys: string[];
  title: Bilingual;
}

export interface Catalogue {
  reasons: Record<string, Bilingual & { priority: Priority }>;
  resolutions: Record<string, Bilingual>;
  outcomes: Record<string, Bilingual>;
  replies: Canned[];
  intents: Record<string, Bilingual>;
  teams: Record<string, Bilingual & { partner: string | null }>;
  /** What may be sent on each channel. */
  files: Record<string, Attachment["kind"][]>;
}

export interface Colleague {
  login: string;
  name: string;
  load: number;
  capacity: number;
  online: boolean;
  accepting: boolean;
}

/** How it stands in the queue, of one team or of all; times are seconds. */
export interface Waits {
  waiting: number;
  longest_s: number | null;
  late: number;
  calls: number;
  served: number;
}

export interface LiveBoard {
  all: Waits;
  teams: Record<string, Waits>;
  agents: Colleague[];
  assigns: boolean;
  handling_s: number | null;
}

export interface Viewer {
  login: string;
  name: string;
  typing: boolean;
}

/** What the lines of the service figures are. */
export type GroupBy = "all" | "day" | "channel" | "language" | "reason";

/** One line of the service figures; times are seconds, shares are 0..1, null means no case. */
export interface Figures {
  group: string;
  sessions: number;
  handoffs: number;
  handoff_rate: number | null;
  containment: number | null;
  first_response_median_s: number | null;
  first_response_p90_s: number | null;
  time_to_human_median_s: number | null;
  time_to_human_p90_s: number | null;
  handling_median_s: number | null;
  resolution_rate: number | null;
  abandoned_rate: number | null;
  csat: number | null;
  ratings: number;
  nps: number | null;
  nps_answers: number;
}

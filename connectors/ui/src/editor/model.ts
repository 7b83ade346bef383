/** What the server tells the editor's page; the shapes of `/editor/api`. */

import type { Lang } from "../shared/language";

export type Both<T = string> = Record<Lang, T>;

export interface Side {
  questions: string[];
  answer: string;
}

export interface Link {
  url: string;
  zh: string;
  en: string;
}

/** A record as its file has it, perhaps not finished. Fields that the form doesn't know are kept. */
export interface FaqRecord {
  id: string;
  zh?: Partial<Side>;
  en?: Partial<Side>;
  links?: Link[];
  picture?: string;
  valid_from?: string;
  valid_until?: string;
  owner?: string;
  channels?: string[];
  follow_ups?: string[];
  task?: string;
  [name: string]: unknown;
}

/** What stands in the files, or `{}` when nothing does. */
export type Stored = FaqRecord | Record<string, never>;

export interface DraftBadge {
  state: "draft" | "review";
  author: string;
  updated: string;
  kind: "new" | "changed" | "gone";
  note: string;
}

export interface Row {
  id: string;
  category: string;
  title: Both;
  phrasings: Both<number>;
  asked: number;
  helped: number;
  thin: Lang[];
  behind: Lang | null;
  edited: string | null;
  draft: DraftBadge | null;
  faults: number;
}

export interface FileProblem {
  file: string;
  line: number;
  column: number;
  message: Both;
  mend: Both;
}

export interface Listing {
  records: Row[];
  categories: { id: string; title: Both }[];
  /** Those that there are. */
  channels: string[];
  /** Tasks that an answer may offer, with the words of their buttons. */
  tasks: { id: string; title: Both }[];
  problems: FileProblem[];
  names: Record<string, string>;
}

export interface Hit {
  id: string;
  title: Both;
  score: number;
  phrasing: string;
}

export interface Ruling {
  answer: string | null;
  suggest: string[];
  hits: Hit[];
}

export interface Found {
  exact: string[];
  near: { id: string; score: number }[];
  now: Ruling;
}

export interface FieldChange {
  path: string;
  parts: ["same" | "gone" | "new", string][];
  is_list: boolean;
}

export interface Fault {
  record_id: string;
  path: string;
  kind: string;
  detail: string;
}

export interface HistoryEntry {
  publish: string;
  at: string;
  author: string;
  publisher: string;
  note: string;
  undoes: string | null;
  undoable: boolean;
  changes: FieldChange[];
}

export interface RecordView {
  id: string;
  category: string;
  live: Stored;
  draft: {
    record: Stored;
    version: number;
    state: "draft" | "review";
    author: string;
    note: string;
    updated: string;
    outdated: boolean;
    changes: FieldChange[];
  } | null;
  history: HistoryEntry[];
}

export interface Shown {
  text: string;
  length: number;
  limit: number;
  link: { url: string; title: string } | null;
  picture: string | null;
  buttons: string[];
}

/** Two people's work on one record, put together; in `conflicts` the merged text is one's own. */
export interface Merge {
  who: string;
  version: number;
  theirs: Stored;
  merged: Stored;
  conflicts: string[];
  changes: FieldChange[];
}

export interface Told {
  kind: "answer" | "suggest" | "none";
  titles: Both[];
  ids: string[];
  score: number;
}

export type Effect = "won" | "lost" | "moved" | "offered" | "dropped";

export interface Impact {
  questions: number;
  asked: number;
  counts: Partial<Record<Effect, number>>;
  /** The automatic tests of what changes. */
  tests: {
    records: number;
    changed: number;
    trials: number;
    confirm: boolean;
    broken: { text: string; meant: Both; found: Both | null; outcome: string }[];
  };
  differences: { text: string; times: number; effect: Effect; before: Told; after: Told }[];
}

export interface Publish {
  publish: string;
  at: string;
  publisher: string;
  note: string;
  undoes: string | null;
  /** In git, where the FAQ lies in a repository. */
  commit: string | null;
  undone: boolean;
  undoable: boolean;
  count: number;
  records: { id: string; author: string; title: Both; changes: FieldChange[] }[];
}

export interface Gap {
  ids: number[];
  examples: { text: string; kind: string; at: string; language: string | null }[];
  times: number;
  kinds: Record<string, number>;
  last: string;
  pressure: number;
  dismissed: number;
  answer: string | null;
  nearest: { id: string; score: number; title: Both }[];
}

export interface Curve {
  language: Lang;
  questions: number;
  answer: number;
  suggest: number;
  points: {
    threshold: number;
    right: number;
    wrong: number;
    suggested: number;
    passed_on: number;
  }[];
}

export interface Curves {
  labels: number;
  curves: Curve[];
  pinned: Record<string, number>;
}

export interface Me {
  login: string;
  name: string;
  language: Lang;
  publishes: boolean;
}

export interface RowNote {
  line: number;
  message: Both;
  mend: Both;
}

/** One row of an imported file that did not become a draft, or became one that needs mending. */
export interface ImportReport {
  added: number;
  changed: number;
  same: number;
  faulty: string[];
  skipped: RowNote[];
  /** What else there is to do. */
  notes: RowNote[];
}

/** `/editor/api`: one function per call. */

import { call } from "../shared/http";
import type { Lang } from "../shared/language";
import type {
  Curves,
  FaqRecord,
  Fault,
  Found,
  Gap,
  Impact,
  ImportReport,
  Listing,
  Me,
  Merge,
  Publish,
  RecordView,
  Ruling,
  Shown,
  Stored,
} from "./model";

const ROOT = "/editor/api";
const get = <T>(path: string) => call<T>("GET", `${ROOT}/${path}`);
const post = <T = { ok: true }>(path: string, body: unknown = {}) =>
  call<T>("POST", `${ROOT}/${path}`, body);
const id = encodeURIComponent;

export interface Save {
  category: string;
  record: Stored;
  /** What the form showed before it was changed. */
  opened: Stored;
  version: number;
  rebase?: boolean;
}

export const api = {
  me: () => get<Me>("me"),
  list: () => get<Listing>("records"),
  search: (text: string) => get<Found>(`search?q=${id(text)}`),
  record: (record: string) => get<RecordView>(`records/${id(record)}`),
  check: (category: string, record: FaqRecord) => post<Fault[]>("check", { category, record }),
  preview: (record: FaqRecord, language: Lang) =>
    post<Record<"telegram" | "wechat" | "wecom", Shown[]>>("preview", { record, language }),
  try: (record: FaqRecord, category: string, text: string) =>
    post<{ draft: Ruling; live: Ruling }>("try", { id: record.id, record, category, text }),
  save: (record: string, form: Save) =>
    call<{ version: number }>("PUT", `${ROOT}/drafts/${id(record)}`, form),
  agree: (record: string) => post(`records/${id(record)}/agree`),
  rebase: (record: string) => post<Merge>(`drafts/${id(record)}/rebase`),
  submit: (ids: string[], note = "") => post("drafts/submit", { ids, note }),
  sendBack: (record: string, note: string) => post(`drafts/${id(record)}/send-back`, { note }),
  discard: (ids: string[]) => post("drafts/discard", { ids }),
  impact: (ids: string[]) => post<Impact>("impact", { ids }),
  publish: (ids: string[], note: string, confirmed: boolean) =>
    post<{ publish: string }>("publish", { ids, note, confirmed }),
  history: () => get<Publish[]>("history"),
  undo: (publish: string) => post<{ publish: string }>(`history/${id(publish)}/undo`),
  gaps: () => get<Gap[]>("gaps"),
  mark: (ids: number[], verdict: "dismissed" | "attached" | "made", record?: string) =>
    post("gaps/mark", { ids, verdict, record: record ?? null }),
  curves: () => get<Curves>("thresholds"),
  measure: (file: Blob) => post<Curves>("thresholds/measure", file),
  choose: (language: Lang, answer: number, suggest: number) =>
    post("thresholds/choose", { language, answer, suggest }),
  importFile: (name: string, file: Blob) => post<ImportReport>(`import?name=${id(name)}`, file),
};

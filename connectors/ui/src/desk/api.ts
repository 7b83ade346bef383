/** `/desk/api` and `/account`: one function per call. */

import { account, call } from "../shared/http";
import type {
  Catalogue,
  Colleague,
  Figures,
  GroupBy,
  Handed,
  LiveBoard,
  MarkKind,
  Row,
  Suggestion,
  View,
} from "./model";

const get = <T>(path: string) => call<T>("GET", path);
const conversation = (id: string) => `/desk/api/conversations/${encodeURIComponent(id)}`;
const deed = <T = { ok: true }>(id: string, name: string, body: unknown = {}) =>
  call<T>("POST", `${conversation(id)}/${name}`, body);

export const api = {
  ...account,
  catalogue: () => get<Catalogue>("/desk/api/catalogue"),
  list: (kind: "open" | "bot") => get<Row[]>(`/desk/api/conversations?list=${kind}`),
  agents: () => get<Colleague[]>("/desk/api/agents"),
  report: (days: number, by: GroupBy) => get<Figures[]>(`/desk/api/report?days=${days}&by=${by}`),
  reportFile: (days: number, by: GroupBy) => `/desk/api/report.csv?days=${days}&by=${by}`,
  view: (id: string) => get<View>(conversation(id)),
  suggestions: (id: string) => get<Suggestion[]>(`${conversation(id)}/suggestions`),
  take: (id: string) => deed(id, "take"),
  answer: (id: string, text: string, client_id: string, file?: string) =>
    deed<{ seq: number }>(id, "answer", { text, client_id, file }),
  upload: (file: File) =>
    call<Handed>("POST", `/desk/api/files?name=${encodeURIComponent(file.name)}`, file),
  note: (id: string, text: string) => deed(id, "note", { text }),
  passOn: (id: string, to: string | null, team?: string) => deed(id, "pass-on", { to, team }),
  snooze: (id: string, minutes: number) => deed(id, "snooze", { minutes }),
  part: (id: string, conversation_id: string) => deed(id, "part", { conversation_id }),
  mark: (id: string, seq: number, kind: MarkKind | null) => deed(id, "mark", { seq, kind }),
  live: () => get<LiveBoard>("/desk/api/live"),
  setAgent: (login: string, wish: { capacity?: number; accepting?: boolean }) =>
    call<{ ok: true }>("POST", `/desk/api/agents/${encodeURIComponent(login)}`, wish),
  setAssigns: (on: boolean) => call<{ ok: true }>("POST", "/desk/api/assigns", { on }),
  giveBack: (id: string) => deed(id, "give-back"),
  close: (id: string, resolution: string) => deed(id, "close", { resolution }),
  seen: (id: string, seq: number) => deed(id, "seen", { seq }),
};

export type Api = typeof api;

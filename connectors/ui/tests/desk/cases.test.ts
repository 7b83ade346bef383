// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Case, caseTop, told } from "../../src/desk/case-card";
import { CaseList } from "../../src/desk/cases";

const damaged: Case = {
  number: "CS20261122000001",
  kind: "problem",
  state: "late",
  order_number: "SO20261105001",
  order_state: { zh: "已签收", en: "delivered" },
  items: { zh: "羊毛衫", en: "Jumper" },
  conversation_id: "c1",
  created_at: "2026-11-20T08:00:00Z",
  promised_for: "2026-11-21T08:00:00Z",
  closed_at: null,
  told: { problem: "damaged", opened: true, title: "later" },
  words: ["袖子破了"],
  pictures: ["0123abcd.jpg"],
  answer: null,
  closed_by: null,
};
const other: Case = { ...damaged, number: "CS20261122000002", conversation_id: null, pictures: [] };

/** What the server has, and what it answers to a closing. */
let cases: Case[];
let closing: { status: number; body: unknown };
const sent: [string, unknown][] = [];

beforeEach(() => {
  cases = [damaged, other];
  closing = { status: 200, body: { ok: true, told: true } };
  sent.length = 0;
  vi.stubGlobal("fetch", async (path: string, { method, body }: RequestInit) => {
    if (method === "GET") return Response.json(path.endsWith("open") ? cases : []);
    sent.push([path, JSON.parse(String(body))]);
    if (closing.status !== 500) cases = cases.filter(({ number }) => !path.includes(number));
    return Response.json(closing.body, { status: closing.status });
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  document.body.replaceChildren();
});

async function shown(): Promise<CaseList> {
  const list = new CaseList("zh", { conversation: vi.fn(), failed: vi.fn() });
  document.body.append(list.element);
  await list.refresh();
  return list;
}

const field = (number: string) =>
  document.querySelector<HTMLTextAreaElement>(`textarea[data-number="${number}"]`);

function write(number: string, text: string): void {
  const area = field(number);
  if (!area) throw new Error(`no field for ${number}`);
  area.value = text;
  area.dispatchEvent(new Event("input"));
}

const send = (number: string) =>
  field(number)?.form?.dispatchEvent(new Event("submit", { cancelable: true }));

const said = () => document.querySelector('[data-testid="cases-said"]')?.textContent;

test("our own words have names in both languages; what a customer typed stays as it is", () => {
  expect(told(damaged, "zh")).toEqual([
    ["问题", "破损"],
    ["已拆封或使用", "是"],
    ["抬头", "later"],
  ]);
  expect(told(damaged, "en")[0]).toEqual(["Problem", "damaged"]);
  const top = caseTop(damaged, "zh").map(({ textContent }) => textContent);
  expect(top.slice(0, 3)).toEqual(["CS20261122000001", "商品有问题", "已超时"]);
});

test("an answer closes its case, and what is written for another one stays", async () => {
  await shown();
  write(other.number, "草稿");
  write(damaged.number, " 明天补发 ");
  send(damaged.number);
  await vi.waitFor(() => expect(field(damaged.number)).toBeNull());
  expect(sent).toEqual([[`/desk/api/cases/${damaged.number}/close`, { answer: "明天补发" }]]);
  expect(said()).toContain("已发给顾客");
  expect(field(other.number)?.value).toBe("草稿");
});

test("an answer that did not get through stays in its field", async () => {
  closing = { status: 500, body: { detail: "database is away" } };
  await shown();
  write(damaged.number, "明天补发");
  send(damaged.number);
  await vi.waitFor(() => expect(said()).toContain("database is away"));
  expect(field(damaged.number)?.value).toBe("明天补发");
});

test("a case that a colleague closed meanwhile says so and goes", async () => {
  closing = { status: 409, body: { detail: "no open case" } };
  await shown();
  write(damaged.number, "明天补发");
  send(damaged.number);
  await vi.waitFor(() => expect(field(damaged.number)).toBeNull());
  expect(said()).toContain("已经结束");
});

test("what is being written is not taken away by a refresh", async () => {
  const list = await shown();
  const area = field(damaged.number);
  area?.focus();
  cases = [damaged];
  await list.refresh();
  expect(field(damaged.number)).toBe(area);
});

test("pictures of a case can be opened, and a case without a conversation says that nobody hears", async () => {
  await shown();
  const [first, second] = document.querySelectorAll<HTMLElement>('[data-testid="case"]');
  expect(first?.querySelector("a")?.getAttribute("href")).toBe("/files/0123abcd.jpg");
  expect(second?.textContent).toContain("请打电话告知");
  expect(second?.querySelector('[data-testid="case-conversation"]')).toBeNull();
});

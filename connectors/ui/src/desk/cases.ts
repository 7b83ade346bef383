/** The cases: a list over the page, in which they are read, answered and closed. */

import { open } from "../shared/dialog";
import { h, icon } from "../shared/dom";
import { setText } from "../shared/draw";
import { ApiError, call } from "../shared/http";
import { fill, type Lang } from "../shared/language";
import "./cases.css";
import { CASE_WORDS, type Case, caseFacts, caseTop, waits } from "./case-card";
import type { CaseCount } from "./wire";
import { WORDS } from "./words";

const REFRESH_MS = 5_000;
const CASES = "M5 7.5h14v12H5Z M9 7.5v-3h6v3 M8.5 12.5h7 M8.5 15.5h4";

type Kind = "open" | "closed";

export const casesApi = {
  list: (kind: Kind) => call<Case[]>("GET", `/desk/api/cases?list=${kind}`),
  count: () => call<CaseCount>("GET", "/desk/api/cases/count"),
  close: (number: string, answer: string) =>
    call<{ told: boolean }>("POST", `/desk/api/cases/${encodeURIComponent(number)}/close`, {
      answer,
    }),
};

export interface CasesActions {
  /** Shows a conversation. */
  conversation(id: string): void;
  failed(error: unknown): void;
}

/** The button of the top bar: how many are open, red when one is overdue. */
export class CasesButton {
  readonly element: HTMLButtonElement;
  readonly #count = h("span", { class: "count", hidden: true });

  constructor(
    private readonly lang: Lang,
    private readonly actions: CasesActions,
  ) {
    this.element = h(
      "button",
      {
        type: "button",
        class: "icon-button cases-button",
        "data-testid": "cases",
        onclick: () => this.show(),
      },
      icon(CASES),
      this.#count,
    );
    this.label({ open: 0, late: 0 });
    this.look();
  }

  /** @param first number of the case to begin with. */
  show(first?: string): void {
    void showCases(this.lang, this.actions, first).catch(this.actions.failed);
  }

  /** Asks for the count; from then on the server tells each change. */
  look(): void {
    // What did not come comes with the next connection; the rest of the page says what is wrong.
    casesApi.count().then(
      (count) => this.label(count),
      () => undefined,
    );
  }

  label({ open: n, late }: CaseCount): void {
    const words = CASE_WORDS[this.lang];
    const label = fill(late ? words.buttonLate : words.button, { n, late });
    this.element.title = label;
    this.element.setAttribute("aria-label", label);
    this.#count.hidden = n === 0;
    this.#count.classList.toggle("calls", late > 0);
    setText(this.#count, String(n));
  }
}

/** Opens the list and keeps it fresh while it is open. */
export async function showCases(
  lang: Lang,
  actions: CasesActions,
  first?: string,
): Promise<HTMLDialogElement> {
  const list = new CaseList(lang, {
    ...actions,
    conversation: (id) => {
      dialog.close();
      actions.conversation(id);
    },
  });
  if (first) list.unfold(first);
  await list.refresh();
  const timer = setInterval(() => void list.refresh().catch(() => undefined), REFRESH_MS);
  const dialog = open(CASE_WORDS[lang].title, WORDS[lang].dismiss, list.element);
  dialog.classList.add("wide");
  dialog.addEventListener("close", () => clearInterval(timer));
  if (first) list.element.querySelector("textarea")?.focus();
  return dialog;
}

export class CaseList {
  readonly element: HTMLElement;
  readonly #list = h("ul", { class: "cases-list" });
  readonly #said = h("p", { class: "cases-said", role: "status", "data-testid": "cases-said" });
  readonly #tabs: Record<Kind, HTMLButtonElement>;
  readonly #unfolded = new Set<string>();
  readonly #drafts = new Map<string, string>();
  #kind: Kind = "open";
  #shown = "";

  constructor(
    private readonly lang: Lang,
    private readonly actions: CasesActions,
  ) {
    const words = CASE_WORDS[lang];
    const tab = (kind: Kind, label: string) =>
      h(
        "button",
        {
          type: "button",
          class: "quiet",
          "aria-pressed": "false",
          "data-testid": `cases-${kind}`,
          onclick: () => {
            this.#kind = kind;
            setText(this.#said, "");
            void this.refresh().catch(actions.failed);
          },
        },
        label,
      );
    this.#tabs = {
      open: tab("open", fill(words.open, { n: "" })),
      closed: tab("closed", words.closed),
    };
    this.element = h(
      "div",
      { class: "cases", "data-testid": "cases-list" },
      h("div", { class: "cases-tabs" }, this.#tabs.open, this.#tabs.closed),
      this.#said,
      this.#list,
    );
  }

  unfold(number: string): void {
    this.#unfolded.add(number);
  }

  /** Asks anew; what somebody is writing stays where it is. */
  async refresh(): Promise<void> {
    const kind = this.#kind;
    const cases = await casesApi.list(kind);
    if (kind !== this.#kind || this.#writes(cases)) return;
    const shown = JSON.stringify([kind, cases]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#render(cases);
  }

  /** Whether the field with the focus belongs to a case that is still there. */
  #writes(cases: readonly Case[]): boolean {
    const field = document.activeElement;
    return (
      field instanceof HTMLTextAreaElement &&
      this.#list.contains(field) &&
      cases.some(({ number }) => number === field.dataset.number)
    );
  }

  #render(cases: readonly Case[]): void {
    const words = CASE_WORDS[this.lang];
    for (const [kind, tab] of Object.entries(this.#tabs))
      tab.setAttribute("aria-pressed", String(kind === this.#kind));
    if (this.#kind === "open") setText(this.#tabs.open, fill(words.open, { n: cases.length }));
    this.#list.replaceChildren(
      ...(cases.length
        ? cases.map((one) => h("li", {}, this.#case(one)))
        : [h("li", { class: "empty" }, this.#kind === "open" ? words.none : words.noneClosed)]),
    );
  }

  #case(one: Case): HTMLElement {
    const words = CASE_WORDS[this.lang];
    const { conversation_id } = one;
    const details = h(
      "details",
      { class: "case", "data-testid": "case", open: this.#unfolded.has(one.number) },
      h("summary", {}, ...caseTop(one, this.lang)),
      ...caseFacts(one, this.lang),
      conversation_id
        ? h(
            "button",
            {
              type: "button",
              "data-testid": "case-conversation",
              onclick: () => this.actions.conversation(conversation_id),
            },
            words.conversation,
          )
        : h("p", { class: "faint" }, words.noConversation),
      waits(one) && this.#form(one),
    );
    details.addEventListener("toggle", () => {
      if (details.open) this.#unfolded.add(one.number);
      else this.#unfolded.delete(one.number);
    });
    return details;
  }

  #form(one: Case): HTMLElement {
    const words = CASE_WORDS[this.lang];
    const field = h("textarea", {
      rows: 3,
      maxlength: 4000,
      required: true,
      placeholder: words.placeholder,
      "aria-label": fill(words.answerOf, { number: one.number }),
      "data-number": one.number,
      "data-testid": "case-answer",
    });
    field.value = this.#drafts.get(one.number) ?? "";
    field.addEventListener("input", () => this.#drafts.set(one.number, field.value));
    const send = h(
      "button",
      { type: "submit", class: "primary", "data-testid": "case-close" },
      words.send,
    );
    return h(
      "form",
      {
        class: "case-form",
        onsubmit: (event) => {
          event.preventDefault();
          const answer = field.value.trim();
          if (!answer) return;
          send.disabled = true;
          void this.#close(one.number, answer).finally(() => {
            send.disabled = false;
          });
        },
      },
      field,
      send,
    );
  }

  async #close(number: string, answer: string): Promise<void> {
    const words = CASE_WORDS[this.lang];
    try {
      const { told } = await casesApi.close(number, answer);
      this.#drafts.delete(number);
      setText(this.#said, told ? words.told_customer : words.told_nobody);
      // The form is about to go; the focus must not fall out of the dialog.
      this.#tabs[this.#kind].focus();
    } catch (error) {
      // The answer stays in the field, unless there is nothing left to answer.
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401) return this.actions.failed(error);
      const text = fill(WORDS[this.lang].failed, { why: error.message });
      setText(this.#said, error.status === 409 ? words.gone : text);
    }
    await this.refresh().catch(this.actions.failed);
  }
}

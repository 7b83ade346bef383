/** One record: both languages side by side, kept as a draft while somebody types. */

import { h, icon } from "../shared/dom";
import { setText } from "../shared/draw";
import { ApiError } from "../shared/http";
import { fill, type Lang } from "../shared/language";
import { moment } from "../shared/time";
import { api } from "./api";
import { diff } from "./diff";
import { BACK, BOLD, BULLETS, CHAIN } from "./icons";
import { askMerge } from "./merge";
import type { FaqRecord, Fault, Listing, Me, Merge, RecordView, Stored } from "./model";
import { moreFields } from "./more";
import { type FormText, fromForm, LANGS, toForm } from "./records";
import { named, WORDS, type Words } from "./words";

const SAVE_AFTER_MS = 700;

export interface FormEvents {
  /** The text is another one: previews may show it. */
  typed(record: FaqRecord): void;
  /** The draft was stored. */
  saved(): void;
  publish(id: string): void;
  discarded(id: string): void;
  undo(publish: string): void;
  back(): void;
  failed(error: unknown): void;
}

export class Form {
  readonly element: HTMLElement;
  readonly #words: Words;
  readonly #text: FormText;
  readonly #areas = new Map<string, HTMLTextAreaElement>();
  readonly #faults = new Map<string, HTMLElement>();
  readonly #state = h("span", { class: "save-state", role: "status", "data-testid": "saved" });
  readonly #buttons: HTMLButtonElement[];
  readonly #notes = h("div", { class: "notes" });
  readonly #listing: Listing;
  #more: HTMLElement;
  #category: string;
  #opened: Stored;
  #version: number;
  #view: RecordView;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #saving: Promise<boolean> = Promise.resolve(true);
  #closed = false;

  constructor(
    view: RecordView,
    listing: Listing,
    private readonly me: Me,
    private readonly lang: Lang,
    private readonly events: FormEvents,
  ) {
    const words = WORDS[lang];
    this.#words = words;
    this.#listing = listing;
    this.#view = view;
    this.#category = view.category;
    this.#opened = view.draft?.record ?? view.live;
    this.#version = view.draft?.version ?? 0;
    this.#text = toForm(this.#opened);
    this.#more = this.#moreFields();
    const gone = view.draft !== null && !("id" in view.draft.record);
    this.#buttons = this.#deeds(gone);
    this.element = h(
      "section",
      { class: "form scroll", "aria-label": words.form.title, "data-testid": "form" },
      h(
        "header",
        { class: "form-head" },
        h(
          "button",
          {
            type: "button",
            class: "icon-button only-narrow",
            "aria-label": words.form.back,
            onclick: () => events.back(),
          },
          icon(BACK),
        ),
        h("h2", { class: "grow cut" }, this.#title()),
        this.#state,
        ...this.#buttons,
      ),
      this.#notes,
      gone
        ? h("p", { class: "callout" }, words.form.goes)
        : h(
            "div",
            { class: "fields" },
            this.#head(listing),
            h("div", { class: "sides" }, ...LANGS.map((side) => this.#side(side))),
            this.#more,
          ),
      this.#history(),
    );
    this.#drawNotes();
    void this.#check();
  }

  get id(): string {
    return this.#view.id;
  }

  get record(): FaqRecord {
    return fromForm(this.#view.id, this.#text, this.#opened);
  }

  get category(): string {
    return this.#category;
  }

  /** Stores what was typed; false when it could not be. */
  async flush(): Promise<boolean> {
    if (this.#timer !== undefined) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#saving = this.#save();
    }
    return this.#saving;
  }

  remove(): void {
    void this.flush();
    this.#closed = true;
    this.element.remove();
  }

  #title(): string {
    const shown = this.#opened;
    const first = shown[this.lang]?.questions?.[0];
    return (
      first || shown.zh?.questions?.[0] || shown.en?.questions?.[0] || this.#words.form.untitled
    );
  }

  #deeds(gone: boolean): HTMLButtonElement[] {
    const { form } = this.#words;
    const button = (
      label: string,
      testId: string,
      kind: string,
      onclick: () => void,
    ): HTMLButtonElement =>
      h("button", { type: "button", class: kind, "data-testid": testId, onclick }, label);
    const discard = button(form.discard, "discard", "quiet", () => void this.#discard());
    const remove = button(form.remove, "remove", "quiet danger", () => void this.#remove());
    const submit = button(form.submit, "submit", "", () => void this.#submit());
    const publish = button(form.publish, "publish", "primary", () => this.events.publish(this.id));
    return [
      discard,
      ...(gone || !("id" in this.#view.live) ? [] : [remove]),
      ...(this.me.publishes ? [publish] : [submit]),
    ];
  }

  #head(listing: Listing): HTMLElement {
    const { form } = this.#words;
    const select = h("select", { id: "category", "data-testid": "category" });
    for (const { id, title } of listing.categories) {
      const option = h("option", { value: id, selected: id === this.#category }, title[this.lang]);
      select.append(option);
    }
    select.disabled = "id" in this.#view.live;
    select.addEventListener("change", () => {
      this.#category = select.value;
      this.#changed();
    });
    return h(
      "div",
      { class: "pair" },
      h("label", { for: "category" }, form.category),
      select,
      h("span", { class: "faint id" }, this.#view.id),
    );
  }

  #side(side: Lang): HTMLElement {
    const { form } = this.#words;
    const key = `${side}-`;
    const tag = side === "zh" ? "zh-CN" : "en";
    const questions = this.#area(`${key}questions`, 7, tag, this.#text[side].questions, (value) => {
      this.#text[side].questions = value;
    });
    const answer = this.#area(`${key}answer`, 8, tag, this.#text[side].answer, (value) => {
      this.#text[side].answer = value;
    });
    return h(
      "fieldset",
      { class: "side" },
      h("legend", {}, named(this.#words.languages, side)),
      h("label", { for: `${key}questions` }, form.questions),
      h("p", { class: "tip" }, form.questionsTip),
      questions,
      this.#faultsOf(`${side}.questions`),
      h(
        "div",
        { class: "label-row" },
        h("label", { for: `${key}answer` }, form.answer),
        h(
          "span",
          { class: "tools", role: "group", "aria-label": form.tools },
          this.#tool(form.bold, BOLD, answer, "**", "**"),
          this.#tool(form.bullets, BULLETS, answer, "\n* ", ""),
          this.#tool(form.link, CHAIN, answer, "[", "](https://)"),
        ),
      ),
      answer,
      this.#faultsOf(`${side}.answer`),
    );
  }

  #moreFields(): HTMLElement {
    return moreFields(this.#view.id, this.#text, this.#listing, this.lang, {
      changed: () => this.#changed(),
      faultsOf: (path) => this.#faultsOf(path),
    });
  }

  #history(): HTMLElement {
    const { history } = this.#view;
    const words = this.#words.history;
    return h(
      "details",
      { class: "more", "data-testid": "record-history" },
      h("summary", {}, fill(words.ofRecord, { n: history.length })),
      history.length === 0 && h("p", { class: "faint" }, words.none),
      ...history.map((entry) =>
        h(
          "article",
          { class: "past" },
          h(
            "header",
            {},
            h("strong", {}, entry.publisher),
            h("span", { class: "faint grow" }, moment(entry.at, this.lang)),
            entry.undoes !== null && h("span", { class: "chip plain" }, words.isUndo),
            this.me.publishes &&
              entry.undoable &&
              h(
                "button",
                { type: "button", onclick: () => this.events.undo(entry.publish) },
                words.undo,
              ),
          ),
          entry.note && h("p", {}, entry.note),
          diff(entry.changes, this.lang),
        ),
      ),
    );
  }

  #area(
    key: string,
    rows: number,
    lang: string,
    value: string,
    set: (value: string) => void,
  ): HTMLTextAreaElement {
    const area = h("textarea", { id: key, rows, lang, "data-testid": key, spellcheck: "false" });
    area.value = value;
    area.addEventListener("input", () => {
      set(area.value);
      this.#changed();
    });
    this.#areas.set(key, area);
    return area;
  }

  #tool(
    label: string,
    path: string,
    area: HTMLTextAreaElement,
    before: string,
    after: string,
  ): HTMLButtonElement {
    const onclick = () => {
      const { selectionStart: from, selectionEnd: to, value } = area;
      area.setRangeText(before + value.slice(from, to) + after, from, to, "end");
      area.focus();
      area.dispatchEvent(new Event("input"));
    };
    return h(
      "button",
      { type: "button", class: "icon-button", "aria-label": label, title: label, onclick },
      icon(path),
    );
  }

  #faultsOf(path: string): HTMLElement {
    const list = h("ul", { class: "faults", "data-testid": `faults-${path}` });
    this.#faults.set(path, list);
    return list;
  }

  #changed(): void {
    this.events.typed(this.record);
    setText(this.#state, this.#words.form.typing);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.flush(), SAVE_AFTER_MS);
  }

  async #save(rebase = false): Promise<boolean> {
    const { record } = this;
    const { id } = this.#view;
    try {
      const form = {
        category: this.#category,
        record,
        opened: this.#opened,
        version: this.#version,
      };
      const { version } = await api.save(id, { ...form, rebase });
      this.#version = version;
      this.#opened = record;
      setText(this.#state, this.#words.form.saved);
      this.events.saved();
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) {
        await this.#settle(error.data as unknown as Merge);
        return true;
      }
      setText(this.#state, this.#words.form.notSaved);
      this.events.failed(error);
      return false;
    }
    await this.#check();
    return true;
  }

  /** Somebody else has changed the record: shows both, and goes on with what was chosen. */
  async #settle(merge: Merge, rebase = false): Promise<void> {
    const chosen = await askMerge(merge, this.record, this.lang);
    Object.assign(this.#text, toForm(chosen));
    for (const side of LANGS) {
      this.#put(`${side}-questions`, this.#text[side].questions);
      this.#put(`${side}-answer`, this.#text[side].answer);
    }
    const more = this.#moreFields();
    this.#more.replaceWith(more);
    this.#more = more;
    this.#opened = merge.theirs;
    this.#version = merge.version;
    this.events.typed(this.record);
    await this.#save(rebase || merge.version === 0);
  }

  #put(key: string, value: string): void {
    const area = this.#areas.get(key);
    if (area) area.value = value;
  }

  async #check(): Promise<void> {
    if (this.#closed) return;
    try {
      this.#drawFaults(await api.check(this.#category, this.record));
    } catch (error) {
      this.events.failed(error);
    }
  }

  #drawFaults(faults: readonly Fault[]): void {
    for (const list of this.#faults.values()) list.replaceChildren();
    for (const fault of faults) {
      const [side, field, line] = fault.path.split(".");
      const place =
        this.#faults.get(`${side}.${field}`) ?? this.#faults.get(side ?? "") ?? undefined;
      const kind = named(this.#words.faults, fault.kind);
      const told = fill(kind, { detail: fault.detail, n: Number(line ?? 0) + 1 });
      place?.append(h("li", { "data-kind": fault.kind }, told));
    }
    for (const side of LANGS)
      for (const field of ["questions", "answer"]) {
        const bad = faults.some(({ path }) => path.startsWith(`${side}.${field}`) || path === side);
        this.#areas.get(`${side}-${field}`)?.setAttribute("aria-invalid", String(bad));
      }
  }

  #drawNotes(): void {
    const { draft } = this.#view;
    const { form } = this.#words;
    this.#drawBehind();
    if (!draft) return;
    const when = moment(draft.updated, this.lang);
    this.#notes.append(
      h(
        "p",
        { class: "callout" },
        fill(draft.state === "review" ? form.inReview : form.isDraft, { who: draft.author, when }),
        draft.note && h("span", { class: "quote" }, ` “${draft.note}”`),
      ),
    );
    if (draft.outdated)
      this.#notes.append(
        h(
          "p",
          { class: "callout warn" },
          `${form.outdated} `,
          h(
            "button",
            {
              type: "button",
              "data-testid": "rebase",
              onclick: () =>
                void api
                  .rebase(this.#view.id)
                  .then((merge) => this.#settle(merge, true))
                  .catch((error) => this.events.failed(error)),
            },
            form.merge,
          ),
        ),
      );
  }

  /** One answer was changed alone: change the other, or say that it is right. */
  #drawBehind(): void {
    const { form } = this.#words;
    const { behind } = this.#listing.records.find(({ id }) => id === this.id) ?? {};
    if (!behind) return;
    const onclick = () =>
      void this.#deed(async () => {
        await api.agree(this.id);
        note.remove();
      });
    const note = h(
      "p",
      { class: "callout warn" },
      `${behind === "zh" ? form.behindZh : form.behindEn} `,
      h("button", { type: "button", "data-testid": "agree", onclick }, form.agree),
    );
    this.#notes.append(note);
  }

  async #submit(): Promise<void> {
    if (!(await this.flush())) return;
    await this.#deed(() => api.submit([this.id]));
  }

  async #discard(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#deed(async () => {
      await api.discard([this.id]);
      this.events.discarded(this.id);
    });
  }

  async #remove(): Promise<void> {
    await this.#deed(async () => {
      await api.save(this.id, {
        category: this.#category,
        record: {},
        opened: this.#opened,
        version: this.#version,
      });
      this.events.discarded(this.id);
    });
  }

  async #deed(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
      this.events.saved();
    } catch (error) {
      this.events.failed(error);
    }
  }
}

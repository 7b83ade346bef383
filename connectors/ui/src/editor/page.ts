/** The whole page of a signed-in editor. */

import type { PageActions } from "../shared/account-page";
import { h, icon } from "../shared/dom";
import { setText } from "../shared/draw";
import { ApiError, account } from "../shared/http";
import { iconButton } from "../shared/icon-button";
import { MARK } from "../shared/icons";
import { fill, type Lang } from "../shared/language";
import { api } from "./api";
import { Attempt } from "./attempt";
import { Form } from "./form";
import { gapsPage } from "./gaps";
import { historyPage } from "./history";
import { EXIT } from "./icons";
import { askImport } from "./importing";
import { RecordList } from "./list";
import type { Curves, FaqRecord, Gap, Listing, Me, RecordView } from "./model";
import { Preview } from "./preview";
import { askPublish } from "./publish";
import { lines, newId } from "./records";
import { thresholdsPage } from "./thresholds";
import { named, WORDS, type Words } from "./words";

const TABS = ["records", "gaps", "history", "thresholds"] as const;
type Tab = (typeof TABS)[number];
const NOTICE_MS = 12_000;

export class EditorPage {
  readonly element: HTMLElement;
  readonly #words: Words;
  readonly #list: RecordList;
  readonly #preview: Preview;
  readonly #attempt: Attempt;
  readonly #middle = h("div", { class: "middle" });
  readonly #side: HTMLElement;
  readonly #body = h("main", { class: "body" });
  readonly #problems = h("div", { class: "file-problems" });
  readonly #publishAll = h("button", {
    type: "button",
    class: "primary",
    "data-testid": "publish-all",
  });
  readonly #notice = h("div", { class: "notice", role: "status", hidden: true });
  readonly #tabs: HTMLButtonElement[];
  #listing: Listing;
  #form: Form | undefined;
  #tab: Tab = "records";
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly me: Me,
    listing: Listing,
    private readonly lang: Lang,
    private readonly actions: PageActions,
  ) {
    const words = WORDS[lang];
    this.#words = words;
    this.#listing = listing;
    const failed = (error: unknown) => this.#failed(error);
    this.#list = new RecordList(lang, {
      open: (id) => void this.#open(id),
      make: () => void this.#make(),
      importFile: () => this.#import(),
      failed,
    });
    this.#preview = new Preview(lang);
    this.#attempt = new Attempt(
      lang,
      () => this.#form && { record: this.#form.record, category: this.#form.category },
      failed,
    );
    this.#side = h(
      "aside",
      { class: "side-column scroll" },
      this.#preview.element,
      this.#attempt.element,
    );
    this.#publishAll.addEventListener("click", () => void this.#askPublish());
    this.#tabs = TABS.map((tab) =>
      h(
        "button",
        { type: "button", "data-testid": `tab-${tab}`, onclick: () => void this.#show(tab) },
        named(words.tabs, tab),
      ),
    );
    this.element = h(
      "div",
      { class: "editor" },
      h(
        "header",
        { class: "bar" },
        h("span", { class: "mark" }, icon(MARK)),
        h("h1", { class: "product" }, words.title),
        h("nav", { class: "pages", "aria-label": words.pages }, ...this.#tabs),
        h("span", { class: "grow" }),
        this.#publishAll,
        h(
          "button",
          {
            type: "button",
            class: "quiet",
            lang: lang === "zh" ? "en" : "zh-CN",
            "data-testid": "language",
            onclick: actions.language,
          },
          words.otherLanguage,
        ),
        h("span", { class: "me" }, h("span", { class: "me-name" }, me.name)),
        iconButton(words.signOut, EXIT, "", "sign-out", () => void this.#signOut()),
      ),
      this.#problems,
      this.#body,
      this.#notice,
    );
    document.addEventListener("keydown", this.#key);
    this.#drawListing();
    void this.#show("records");
  }

  remove(): void {
    document.removeEventListener("keydown", this.#key);
    this.#form?.remove();
    this.element.remove();
  }

  #key = (event: KeyboardEvent): void => {
    const typing = (event.target as HTMLElement).matches("input, textarea, select");
    if (event.key === "/" && !typing) {
      event.preventDefault();
      void this.#show("records").then(() => this.#list.focusSearch());
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && this.#form) {
      event.preventDefault();
      if (this.me.publishes) void this.#askPublish(this.#form.id);
    }
  };

  async #show(tab: Tab): Promise<void> {
    if (!(await this.#leaveForm(tab))) return;
    this.#tab = tab;
    TABS.forEach((name, at) => {
      if (name === tab) this.#tabs[at]?.setAttribute("aria-current", "page");
      else this.#tabs[at]?.removeAttribute("aria-current");
    });
    this.#body.dataset.tab = tab;
    await this.#try(async () => {
      if (tab === "records") {
        this.#body.replaceChildren(this.#list.element, this.#middle, this.#side);
        if (!this.#form) this.#welcome();
      } else if (tab === "gaps") {
        this.#body.replaceChildren(this.#wait());
        this.#drawGaps(await api.gaps());
      } else if (tab === "history") {
        const entries = await api.history();
        this.#body.replaceChildren(
          historyPage(
            entries,
            this.lang,
            this.me.publishes,
            (publish) => void this.#undo(publish),
            (id) => void this.#show("records").then(() => this.#open(id)),
          ),
        );
      } else {
        this.#body.replaceChildren(this.#wait());
        this.#drawCurves(await api.curves());
      }
    });
  }

  async #leaveForm(tab: Tab): Promise<boolean> {
    if (this.#tab === "records" && tab !== "records" && this.#form) return this.#form.flush();
    return true;
  }

  #wait(text = this.#words.reading): HTMLElement {
    return h("p", { class: "sheet empty", role: "status", "data-testid": "wait" }, text);
  }

  #welcome(): void {
    this.element.classList.remove("shows-form");
    this.#side.hidden = true;
    const { welcome } = this.#words;
    this.#middle.replaceChildren(
      h(
        "section",
        { class: "welcome" },
        h("h2", {}, welcome.title),
        h("ol", {}, ...welcome.steps.map((step) => h("li", {}, step))),
        h("p", { class: "faint" }, welcome.keys),
      ),
    );
  }

  async #reload(): Promise<void> {
    await this.#try(async () => {
      this.#listing = await api.list();
      this.#drawListing();
    });
  }

  #drawListing(): void {
    const { records, problems } = this.#listing;
    this.#list.show(this.#listing);
    this.#preview.know(this.#listing);
    const ready = records.filter(({ draft }) => draft !== null).length;
    this.#publishAll.hidden = ready === 0 || !this.me.publishes;
    setText(this.#publishAll, fill(this.#words.publishAll, { n: ready }));
    this.#problems.replaceChildren(
      ...problems.map(({ file, line, column, message, mend }) =>
        h(
          "p",
          { class: "callout warn", role: "alert", "data-testid": "file-problem" },
          h("b", {}, `${file}:${line}:${column}`),
          ` ${message[this.lang]} — ${mend[this.lang]}`,
        ),
      ),
    );
  }

  async #open(id: string, view?: RecordView): Promise<void> {
    await this.#try(async () => {
      if (this.#form) await this.#form.flush();
      const shown = view ?? (await api.record(id));
      this.#form?.remove();
      this.#form = new Form(shown, this.#listing, this.me, this.lang, {
        typed: (record) => this.#preview.show(record),
        saved: () => void this.#reload(),
        publish: (record) => void this.#askPublish(record),
        discarded: () => void this.#reopen(id),
        undo: (publish) => void this.#undo(publish),
        back: () => this.#close(),
        failed: (error) => this.#failed(error),
      });
      this.#middle.replaceChildren(this.#form.element);
      this.#side.hidden = false;
      this.#preview.show(this.#form.record);
      this.#attempt.clear();
      this.#list.mark(id);
      this.element.classList.add("shows-form");
    });
  }

  /** Shows the record as it is now, or nothing when it is gone. */
  async #reopen(id: string): Promise<void> {
    await this.#reload();
    const row = this.#listing.records.find((record) => record.id === id);
    if (row) await this.#open(id);
    else this.#close();
  }

  #close(): void {
    this.#form?.remove();
    this.#form = undefined;
    this.#list.mark(undefined);
    this.#welcome();
  }

  async #make(from?: { questions: string[]; answer: string; language: Lang }): Promise<void> {
    const category = this.#listing.categories[0]?.id ?? "general";
    const taken = new Set(this.#listing.records.map(({ id }) => id));
    const english = from?.language === "en" ? (from.questions[0] ?? "") : "";
    const id = newId(category, english, taken);
    const sides = {
      zh: { questions: [] as string[], answer: "" },
      en: { questions: [] as string[], answer: "" },
    };
    if (from) {
      for (const question of from.questions)
        sides[/\p{Script=Han}/u.test(question) ? "zh" : "en"].questions.push(question);
      sides[/\p{Script=Han}/u.test(from.answer) ? "zh" : "en"].answer = from.answer;
    }
    const record: FaqRecord = { id, ...sides };
    await this.#try(async () => {
      const { version } = await api.save(id, { category, record, opened: {}, version: 0 });
      await this.#reload();
      const now = new Date().toISOString();
      const draft = {
        record,
        version,
        state: "draft" as const,
        author: this.me.name,
        note: "",
        updated: now,
        outdated: false,
        changes: [],
      };
      await this.#open(id, { id, category, live: {}, draft, history: [] });
    });
  }

  #import(): void {
    askImport(
      this.lang,
      (report, mend) => {
        void this.#reload().then(() => {
          this.#list.filter(mend ? "faulty" : "drafts");
          const [first] = report.faulty;
          if (mend && first) void this.#open(first);
        });
      },
      (error) => this.#failed(error),
    );
  }

  async #askPublish(only?: string): Promise<void> {
    if (this.#form && !(await this.#form.flush())) return;
    await this.#reload();
    const drafts = this.#listing.records.filter(
      ({ id, draft }) => draft !== null && (only === undefined || id === only),
    );
    if (drafts.length === 0) {
      this.#tell(this.#words.nothingToPublish);
      return;
    }
    askPublish(
      drafts,
      this.lang,
      (ids, note, confirmed) => this.#publish(ids, note, confirmed),
      (error) => this.#failed(error),
    );
  }

  async #publish(ids: string[], note: string, confirmed: boolean): Promise<boolean> {
    return this.#try(async () => {
      const { publish } = await api.publish(ids, note, confirmed);
      this.#tell(
        fill(this.#words.published, { n: ids.length }),
        h(
          "button",
          { type: "button", "data-testid": "undo-now", onclick: () => void this.#undo(publish) },
          this.#words.history.undo,
        ),
      );
      await this.#afterChange();
    });
  }

  async #undo(publish: string): Promise<void> {
    await this.#try(async () => {
      await api.undo(publish);
      this.#tell(this.#words.undone);
      await this.#afterChange();
    });
  }

  async #afterChange(): Promise<void> {
    if (this.#form) await this.#reopen(this.#form.id);
    else await this.#reload();
    if (this.#tab !== "records") await this.#show(this.#tab);
  }

  #drawGaps(gaps: readonly Gap[]): void {
    const again = async () => {
      this.#drawGaps(await api.gaps());
      await this.#reload();
    };
    this.#body.replaceChildren(
      gapsPage(gaps, this.lang, {
        dismiss: (gap) =>
          void this.#try(async () => {
            await api.mark(gap.ids, "dismissed");
            await again();
          }),
        attach: (gap, record) => void this.#try(() => this.#attach(gap, record)),
        make: (gap) =>
          void this.#try(async () => {
            const questions = [...new Set(gap.examples.map(({ text }) => text))].slice(0, 5);
            const language = /\p{Script=Han}/u.test(questions[0] ?? "") ? "zh" : "en";
            await this.#show("records");
            await this.#make({ questions, answer: gap.answer ?? "", language });
            if (this.#form) await api.mark(gap.ids, "made", this.#form.id);
          }),
      }),
    );
  }

  /** Adds a gap's questions to a record as new phrasings, in a draft. */
  async #attach(gap: Gap, id: string): Promise<void> {
    const view = await api.record(id);
    const before = view.draft?.record ?? view.live;
    const record = structuredClone(before) as FaqRecord;
    for (const { text } of gap.examples.slice(0, 5)) {
      const lang = /\p{Script=Han}/u.test(text) ? "zh" : "en";
      const side = record[lang] ?? {};
      record[lang] = {
        ...side,
        questions: [...new Set([...(side.questions ?? []), ...lines(text)])],
      };
    }
    const version = view.draft?.version ?? 0;
    await api.save(id, { category: view.category, record, opened: before, version });
    await api.mark(gap.ids, "attached", id);
    await this.#reload();
    await this.#show("records");
    await this.#open(id);
  }

  /** Says that it measures, and shows what there was before when the file is no good. */
  async #measure(file: File, before: Curves): Promise<void> {
    this.#body.replaceChildren(this.#wait(this.#words.thresholds.measuring));
    let found = before;
    await this.#try(async () => {
      found = await api.measure(file);
    });
    if (this.#tab === "thresholds") this.#drawCurves(found);
  }

  #drawCurves(found: Curves): void {
    this.#body.replaceChildren(
      thresholdsPage(found, this.lang, this.me.publishes, {
        measure: (file) => void this.#measure(file, found),
        choose: (language, answer, suggest) =>
          void this.#try(async () => {
            await api.choose(language, answer, suggest);
            this.#tell(this.#words.thresholds.chosen);
            for (const curve of found.curves)
              if (curve.language === language) Object.assign(curve, { answer, suggest });
            this.#drawCurves(found);
          }),
      }),
    );
  }

  #tell(text: string, deed?: HTMLElement): void {
    clearTimeout(this.#timer);
    this.#notice.replaceChildren(h("span", {}, text), ...(deed ? [deed] : []));
    this.#notice.hidden = false;
    this.#timer = setTimeout(() => {
      this.#notice.hidden = true;
    }, NOTICE_MS);
  }

  #failed(error: unknown): void {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 401) this.actions.signedOut();
    else
      this.#tell(
        error.status === 0 ? this.#words.unreachable : `${this.#words.refused} ${error.message}`,
      );
  }

  async #try(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.#failed(error);
      return false;
    }
  }

  async #signOut(): Promise<void> {
    await this.#form?.flush();
    await this.#try(() => account.signOut());
    this.actions.signedOut();
  }
}

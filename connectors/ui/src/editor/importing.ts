/** Importing a spreadsheet: every row becomes a draft; what could not is listed with its line. */

import { open } from "../shared/dialog";
import { h } from "../shared/dom";
import { fill, type Lang } from "../shared/language";
import { api } from "./api";
import type { ImportReport, RowNote } from "./model";
import { WORDS } from "./words";

export function askImport(
  lang: Lang,
  done: (report: ImportReport, mend: boolean) => void,
  failed: (error: unknown) => void,
): void {
  const words = WORDS[lang].importing;
  const result = h("div", { class: "report", role: "status", "data-testid": "report" });
  const file = h("input", {
    type: "file",
    id: "import-file",
    class: "file",
    accept: ".csv,.xlsx,.json,.md,.tsv",
    "data-testid": "import-file",
  });
  file.addEventListener("change", () => void send());
  const dialog = open(
    words.title,
    words.close,
    h(
      "div",
      { class: "importing" },
      h("p", { class: "tip" }, words.tip),
      h("label", { for: "import-file", class: "button choose" }, words.file, file),
      result,
    ),
  );
  dialog.classList.add("wide");

  async function send(): Promise<void> {
    const [chosen] = file.files ?? [];
    if (!chosen) return;
    file.disabled = true;
    result.replaceChildren(h("p", { class: "faint" }, words.reading));
    try {
      const report = await api.importFile(chosen.name, chosen);
      result.replaceChildren(...told(report));
      done(report, false);
    } catch (error) {
      result.replaceChildren();
      failed(error);
    } finally {
      file.disabled = false;
      file.value = "";
    }
  }

  function told(report: ImportReport): HTMLElement[] {
    const { added, changed, same, faulty, skipped, notes } = report;
    const lines: HTMLElement[] = [
      h("p", { class: "callout" }, fill(words.done, { added, changed, same })),
    ];
    if (faulty.length > 0)
      lines.push(
        h(
          "p",
          { class: "callout warn" },
          `${fill(words.faulty, { n: faulty.length })} `,
          h(
            "button",
            {
              type: "button",
              "data-testid": "mend",
              onclick: () => {
                dialog.close();
                done(report, true);
              },
            },
            words.mend,
          ),
        ),
      );
    if (notes.length > 0) lines.push(h("h3", {}, words.notes), rows(notes));
    if (skipped.length > 0)
      lines.push(h("h3", {}, fill(words.skipped, { n: skipped.length })), rows(skipped));
    return lines;
  }
  function rows(listed: readonly RowNote[]): HTMLElement {
    return h(
      "ul",
      { class: "skipped scroll", tabindex: 0 },
      ...listed.map(({ line, message, mend }) =>
        h(
          "li",
          {},
          h("b", {}, fill(words.line, { n: line })),
          ` ${message[lang]}`,
          h("span", { class: "faint" }, mend[lang]),
        ),
      ),
    );
  }
}

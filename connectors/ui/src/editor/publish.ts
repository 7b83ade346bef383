/** Before publishing: which drafts, and what they win and lose on real questions. */

import { open } from "../shared/dialog";
import { h } from "../shared/dom";
import { fill, type Lang } from "../shared/language";
import { api } from "./api";
import type { Effect, Impact, Row, Told } from "./model";
import { named, WORDS } from "./words";

const EFFECTS = ["won", "offered", "moved", "dropped", "lost"] as const satisfies readonly Effect[];

/** Asks; `publish` gets what was chosen. Drafts with faults can't be. */
export function askPublish(
  drafts: readonly Row[],
  lang: Lang,
  publish: (ids: string[], note: string, confirmed: boolean) => Promise<boolean>,
  failed: (error: unknown) => void,
): void {
  const all = WORDS[lang];
  const words = all.publish;
  const boxes = drafts.map((row) => {
    const fit = row.faults === 0;
    const box = h("input", {
      type: "checkbox",
      value: row.id,
      checked: fit,
      disabled: !fit,
      onchange: () => void look(),
    });
    const kind = named(all.draftKinds, row.draft?.kind ?? "changed");
    return {
      box,
      line: h(
        "label",
        { class: "draft-line" },
        box,
        h("span", { class: "grow cut" }, row.title[lang] || row.id),
        fit
          ? h("span", { class: "chip plain" }, kind)
          : h("span", { class: "chip urgent" }, fill(all.list.faults, { n: row.faults })),
      ),
    };
  });
  const note = h("input", {
    id: "publish-note",
    maxlength: 200,
    placeholder: words.notePlaceholder,
  });
  const effect = h("div", { class: "impact", role: "status", "data-testid": "impact" });
  const go = h(
    "button",
    { type: "button", class: "primary", "data-testid": "publish-now", onclick: () => void send() },
    words.go,
  );
  const dialog = open(
    words.title,
    words.cancel,
    h(
      "div",
      { class: "publish" },
      drafts.length > 1 &&
        h("div", { class: "draft-lines scroll" }, ...boxes.map(({ line }) => line)),
      h("label", { for: "publish-note" }, words.note),
      note,
      h("h3", {}, words.impact),
      effect,
      go,
    ),
  );
  dialog.classList.add("wide");
  let asked = 0;
  let confirming = false;
  void look();

  function chosen(): string[] {
    return boxes.filter(({ box }) => box.checked).map(({ box }) => box.value);
  }

  async function look(): Promise<void> {
    const ids = chosen();
    go.disabled = true;
    confirming = false;
    go.textContent = ids.length > 1 ? fill(words.goMany, { n: ids.length }) : words.go;
    const mine = ++asked;
    if (ids.length === 0) {
      effect.replaceChildren();
      return;
    }
    effect.replaceChildren(h("p", { class: "faint" }, words.looking));
    try {
      const found = await api.impact(ids);
      if (mine !== asked) return;
      effect.replaceChildren(...shown(found, lang), ...tests(found, lang));
      confirming = found.tests.confirm;
      if (confirming) go.textContent = words.goAnyway;
      go.disabled = false;
    } catch (error) {
      effect.replaceChildren();
      failed(error);
    }
  }

  async function send(): Promise<void> {
    const ids = chosen();
    go.disabled = true;
    if (await publish(ids, note.value.trim(), confirming)) dialog.close();
    else go.disabled = false;
  }
}

function shown(impact: Impact, lang: Lang): HTMLElement[] {
  const words = WORDS[lang].publish;
  if (impact.questions === 0) return [h("p", { class: "faint" }, words.noQuestions)];
  const told = (one: Told) =>
    one.kind === "none"
      ? words.nothing
      : fill(one.kind === "answer" ? words.answer : words.suggest, {
          titles: one.titles.map((title) => title[lang]).join(" / "),
        });
  return [
    h("p", {}, fill(words.compared, { n: impact.questions, times: impact.asked })),
    h(
      "ul",
      { class: "tally" },
      ...EFFECTS.map((name) =>
        h(
          "li",
          { "data-effect": name },
          h("b", {}, String(impact.counts[name] ?? 0)),
          h("span", {}, named(words.effects, name)),
        ),
      ),
    ),
    impact.differences.length === 0
      ? h("p", { class: "faint" }, words.noDifference)
      : h(
          "ul",
          { class: "differences scroll", tabindex: 0 },
          ...impact.differences.map((one) =>
            h(
              "li",
              { "data-effect": one.effect },
              h("b", {}, one.text, one.times > 1 && ` ×${one.times}`),
              h("span", { class: "faint" }, `${told(one.before)} → ${told(one.after)}`),
            ),
          ),
        ),
  ];
}

/** What the automatic tests say; those that break are shown. */
function tests(
  { tests: { records, changed, trials, confirm, broken } }: Impact,
  lang: Lang,
): HTMLElement[] {
  const words = WORDS[lang].publish;
  const told = fill(broken.length ? words.testsBroken : words.testsFine, {
    n: trials,
    broken: broken.length,
    records,
    changed,
  });
  const lines = broken.map(({ text, meant, found }) =>
    h(
      "li",
      { "data-effect": "lost" },
      h("b", {}, text),
      h(
        "span",
        { class: "faint" },
        fill(words.testMeant, { meant: meant[lang], found: found?.[lang] ?? words.nothing }),
      ),
    ),
  );
  return [
    h("h3", {}, words.tests),
    h("p", { class: confirm ? "callout warn" : "", "data-testid": "tests" }, told),
    ...(lines.length ? [h("ul", { class: "differences scroll", tabindex: 0 }, ...lines)] : []),
  ];
}

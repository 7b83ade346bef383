/** The card on top of a conversation: what an agent should know before the first word. */

import { h, icon } from "../shared/dom";
import { fill, type Lang } from "../shared/language";
import { BOLT } from "./icons";
import type { View } from "./model";
import { WORDS } from "./words";

export function brief({ row, brief: facts, customer }: View, lang: Lang): HTMLElement {
  const words = WORDS[lang];
  const wants = facts.wants.map((want) => want[lang]).join(lang === "zh" ? "、" : ", ");
  const tried = facts.tried.map(({ kind, times, faq }) => {
    if (kind === "answer") return fill(words.triedAnswer, { faq: faq?.[lang] ?? "" });
    const text = {
      suggest: words.triedSuggest,
      miss: words.triedMiss,
      decline: words.triedDecline,
    }[kind];
    return fill(text, { n: times });
  });
  const [order] = customer.orders;
  const news = order?.parcels.at(-1)?.news?.[lang];
  return h(
    "section",
    { class: "brief", "aria-label": words.brief, "data-testid": "brief" },
    h("h2", {}, icon(BOLT), words.brief),
    facts.upset && h("p", { class: "upset" }, words.upset),
    h(
      "dl",
      {},
      ...(row.phone
        ? pair(words.toDo, fill(words.toCall, { phone: row.phone }))
        : [
            ...pair(words.wants, wants || words.wantsNothing),
            ...(facts.words ? pair(words.words, `“${facts.words}”`, "quote") : []),
            ...pair(words.tried, tried.join(lang === "zh" ? "；" : "; ") || words.triedNothing),
          ]),
      ...(order
        ? pair(
            words.orderNow,
            [order.number, order.items[lang], order.state[lang], news].filter(Boolean).join(" · "),
          )
        : []),
    ),
  );
}

function pair(name: string, value: string, kind = ""): HTMLElement[] {
  return [h("dt", {}, name), h("dd", { class: kind }, value)];
}

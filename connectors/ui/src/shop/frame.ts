/** Header and footer. */

import { h, icon } from "../shared/dom";
import { MARK } from "../shared/icons";
import type { Lang } from "../shared/language";
import { WORDS, type Words } from "./words";

/** @param root where the pages of both languages lie. */
export function header(lang: Lang, root: string): HTMLElement {
  const words = WORDS[lang];
  const other = lang === "zh" ? "en" : "zh";
  const name = h("span", { class: "brand-name" }, words.name);
  return h(
    "header",
    { class: "top" },
    h("a", { class: "skip", href: "#main" }, words.skip),
    h(
      "div",
      { class: "wide" },
      h(
        "a",
        { class: "brand", href: `${root}${lang}/` },
        h("span", { class: "mark" }, icon(MARK)),
        name,
      ),
      h(
        "nav",
        {},
        h("a", { href: "#products" }, words.navProducts),
        h("a", { href: "#promises" }, words.navPromises),
        h("a", { href: "#ask" }, words.navAsk),
      ),
      h(
        "a",
        { class: "language", href: `${root}${other}/`, hreflang: other, lang: other },
        words.otherLanguage,
      ),
    ),
  );
}

export function footer(words: Words): HTMLElement {
  return h(
    "footer",
    {},
    h(
      "div",
      { class: "wide" },
      h(
        "div",
        { class: "brand" },
        h("span", { class: "mark" }, icon(MARK)),
        h("span", { class: "brand-name" }, words.name),
      ),
      h(
        "address",
        {},
        h("span", {}, words.footerService),
        h("a", { href: "tel:400-000-1234" }, "400-000-1234"),
        h("a", { href: "mailto:service@yingda.example" }, "service@yingda.example"),
      ),
      h("p", {}, words.footerDemo),
    ),
  );
}

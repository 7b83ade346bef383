/** The first screen: what the shop is, and that it answers. */

import { h } from "../shared/dom";
import earbuds from "./art/earbuds.svg";
import jacket from "./art/jacket.svg";
import kettle from "./art/kettle.svg";
import scene from "./art/scene.svg";
import { openChat } from "./chat";
import type { Words } from "./words";

export function hero(words: Words): HTMLElement {
  const art = (src: string, name: string) => h("img", { src, alt: "", class: name });
  return h(
    "section",
    { class: "hero wide" },
    h(
      "div",
      { class: "hero-text" },
      h("p", { class: "eyebrow" }, words.heroEyebrow),
      h("h1", {}, ...words.heroTitle.split("\n").map((line) => h("span", {}, line))),
      h("p", { class: "lead" }, words.heroText),
      h(
        "div",
        { class: "actions" },
        h("a", { class: "button primary", href: "#products" }, words.heroShop),
        h("button", { class: "button", type: "button", onclick: openChat }, words.heroAsk),
      ),
    ),
    h(
      "div",
      { class: "hero-art" },
      art(scene, "scene"),
      art(jacket, "hero-jacket"),
      art(kettle, "hero-kettle"),
      art(earbuds, "hero-earbuds"),
      h("p", { class: "said asked" }, words.heroQuestion),
      h("p", { class: "said answered" }, words.heroAnswer),
    ),
  );
}

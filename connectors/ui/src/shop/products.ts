/** The product grid. */

import { h } from "../shared/dom";
import { fill, type Lang } from "../shared/language";
import earbuds from "./art/earbuds.svg";
import jacket from "./art/jacket.svg";
import kettle from "./art/kettle.svg";
import phone from "./art/phone.svg";
import purifier from "./art/purifier.svg";
import sneaker from "./art/sneaker.svg";
import sweater from "./art/sweater.svg";
import washer from "./art/washer.svg";
import { draftInChat } from "./chat";
import { WORDS, type Words } from "./words";

interface Product {
  id: keyof Words["products"];
  /** Price in yuan. */
  price: number;
  art: string;
  isNew?: boolean;
}

const PRODUCTS: readonly Product[] = [
  { id: "jacket", price: 499, art: jacket, isNew: true },
  { id: "phone", price: 2999, art: phone, isNew: true },
  { id: "kettle", price: 269, art: kettle },
  { id: "sneaker", price: 359, art: sneaker },
  { id: "washer", price: 2499, art: washer },
  { id: "sweater", price: 299, art: sweater, isNew: true },
  { id: "earbuds", price: 399, art: earbuds },
  { id: "purifier", price: 1299, art: purifier },
];

export function products(lang: Lang): HTMLElement {
  const words = WORDS[lang];
  return h(
    "section",
    { id: "products", class: "wide", "aria-labelledby": "products-title" },
    h("h2", { id: "products-title" }, words.productsTitle),
    h("p", { class: "lead" }, words.productsText),
    h("ul", { class: "grid" }, ...PRODUCTS.map((product) => card(product, lang))),
  );
}

function card({ id, price, art, isNew }: Product, lang: Lang): HTMLElement {
  const words = WORDS[lang];
  const { name, note } = words.products[id];
  const yuan = new Intl.NumberFormat(lang, {
    style: "currency",
    currency: "CNY",
    currencyDisplay: "narrowSymbol",
    maximumFractionDigits: 0,
  });
  return h(
    "li",
    { class: `product ${id}` },
    h(
      "div",
      { class: "tile" },
      h("img", { src: art, alt: "", width: 400, height: 400 }),
      isNew && h("span", { class: "tag" }, words.new),
    ),
    h("h3", {}, name),
    h("p", { class: "note" }, note),
    h(
      "div",
      { class: "buy" },
      h("span", { class: "price" }, yuan.format(price)),
      h(
        "button",
        {
          type: "button",
          class: "button small",
          "aria-label": `${words.productAsk} ${name}`,
          onclick: () => draftInChat(fill(words.productQuestion, { name })),
        },
        words.productAsk,
      ),
    ),
  );
}

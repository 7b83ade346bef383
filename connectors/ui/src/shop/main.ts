/** The demo shop: a page as a customer of ours would have it, with the widget in it. */

import "../tokens.css";
import "./shop.css";
import { h } from "../shared/dom";
import { pick } from "../shared/language";
import { ask } from "./ask";
import { footer, header } from "./frame";
import { hero } from "./hero";
import { products } from "./products";
import { promises } from "./promises";
import { WORDS } from "./words";

// `/zh/` and `/en/` have a language of their own; `/` takes the browser's.
const own = document.documentElement.dataset.lang;
const root = own ? "../" : "./";
const lang = pick(own, new URLSearchParams(location.search).get("lang"), ...navigator.languages);
const words = WORDS[lang];
document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
document.title = words.title;
document.querySelector("yingda-chat")?.setAttribute("title", words.chatTitle);
document
  .querySelector("#shop")
  ?.replaceChildren(
    header(lang, root),
    h("main", { id: "main" }, hero(words), products(lang), promises(words), ask(words)),
    footer(words),
  );

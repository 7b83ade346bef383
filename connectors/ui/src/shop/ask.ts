/** Sample questions: one press opens the chat and asks. */

import { h, icon } from "../shared/dom";
import { SEND } from "../shared/icons";
import { sendToChat } from "./chat";
import type { Words } from "./words";

export function ask(words: Words): HTMLElement {
  return h(
    "section",
    { id: "ask", class: "wide", "aria-labelledby": "ask-title" },
    h(
      "div",
      { class: "ask" },
      h(
        "div",
        {},
        h("h2", { id: "ask-title" }, words.askTitle),
        h("p", { class: "lead" }, words.askText),
      ),
      h(
        "div",
        {},
        h("p", { class: "hint" }, words.askHint),
        h("ul", { class: "questions" }, ...words.questions.map(question)),
      ),
    ),
  );
}

function question(text: string): HTMLElement {
  const lang = /\p{Script=Han}/u.test(text) ? "zh-CN" : "en";
  return h(
    "li",
    { lang },
    h(
      "button",
      { type: "button", "data-testid": "ask", onclick: () => sendToChat(text) },
      text,
      icon(SEND),
    ),
  );
}

/** Entry of yingda-chat.js, the one script that a page embeds. */

import { scriptElement } from "./chunk";
import { YingdaChat } from "./element";

if (!customElements.get("yingda-chat")) customElements.define("yingda-chat", YingdaChat);

// `<script src="…/yingda-chat.js" defer data-auto data-lang="zh">` needs no element in the page.
const { auto, ...attributes } = scriptElement?.dataset ?? {};
if (auto !== undefined && !document.querySelector("yingda-chat")) {
  const chat = document.createElement("yingda-chat");
  for (const [name, value] of Object.entries(attributes)) chat.setAttribute(name, value ?? "");
  document.body.append(chat);
}

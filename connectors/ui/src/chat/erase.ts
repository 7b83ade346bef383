/** Asks before the chat is deleted. A native dialog: focus and Escape are the browser's. */

import { h } from "../shared/dom";
import type { Panel } from "./panel";
import { WORDS } from "./words";

export function confirmErase(panel: Panel): void {
  const words = WORDS[panel.lang];
  const failed = h("p", { class: "why", role: "alert" });
  const yes = h("button", { type: "button", class: "danger", "data-testid": "erase-yes" });
  yes.textContent = words.eraseYes;
  const dialog = h(
    "dialog",
    { class: "ask", role: "alertdialog", "aria-labelledby": "ask", "aria-describedby": "ask-text" },
    h("h2", { id: "ask" }, words.eraseTitle),
    h("p", { id: "ask-text" }, words.eraseText),
    failed,
    h(
      "div",
      { class: "choices" },
      h(
        "button",
        {
          type: "button",
          autofocus: true,
          "data-testid": "erase-no",
          onclick: () => dialog.close(),
        },
        words.eraseNo,
      ),
      yes,
    ),
  );
  yes.addEventListener("click", async () => {
    yes.disabled = true;
    failed.textContent = "";
    if (await panel.conversation.erase()) dialog.close();
    else failed.textContent = words.eraseFailed;
    yes.disabled = false;
  });
  // Escape closes this question, not the chat behind it.
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  dialog.addEventListener("close", () => {
    dialog.remove();
    panel.focus();
  });
  panel.element.append(dialog);
  dialog.showModal();
}

/** A native dialog: focus, Escape and backdrop are the browser's. */

import { h } from "./dom";

/** Shows a dialog; the button `cancel`, Escape and a click beside it close it. */
export function open(title: string, cancel: string, body: HTMLElement): HTMLDialogElement {
  const dialog = h(
    "dialog",
    { class: "dialog", "aria-labelledby": "dialog-title" },
    h("h2", { id: "dialog-title" }, title),
    body,
    h("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, cancel),
  );
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
  // Whatever took the focus, one begins to read at the title.
  dialog.scrollTop = 0;
  return dialog;
}

/** A button that shows only an icon; its name is for screen readers and the tooltip. */

import { h, icon } from "./dom";

export function iconButton(
  label: string,
  path: string,
  kind: string,
  testId: string,
  onclick: () => void,
): HTMLButtonElement {
  return h(
    "button",
    {
      type: "button",
      class: `icon-button ${kind}`,
      "aria-label": label,
      title: label,
      "data-testid": testId,
      onclick,
    },
    icon(path),
  );
}

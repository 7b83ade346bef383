/** The strip of service promises. */

import { h, icon } from "../shared/dom";
import type { Words } from "./words";

/** Van, banknote, parcel going back, shield: in the order of the texts. */
const ICONS = [
  "M2.5 6.500h11v10h-11Z M13.5 10h4l4 3.500v3h-8Z M7 19.500a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z M17.5 19.500a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z",
  "M2.5 6.500h19v11h-19Z M12 14.500a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z M6 12h.01 M18 12h.01",
  "M4 9.500h11a5 5 0 0 1 0 10H8 M8 5.500l-4 4 4 4",
  "M12 3l7.5 2.800v5.700c0 4.6-3.2 8-7.5 9.5-4.3-1.5-7.5-4.9-7.5-9.500V5.800Z M8.5 11.800l2.5 2.4 4.5-4.7",
];

export function promises(words: Words): HTMLElement {
  return h(
    "section",
    { id: "promises", class: "wide", "aria-labelledby": "promises-title" },
    h("h2", { id: "promises-title" }, words.promisesTitle),
    h(
      "ul",
      { class: "promises" },
      ...words.promises.map(({ title, text }, index) =>
        h("li", {}, icon(ICONS[index] ?? ""), h("h3", {}, title), h("p", {}, text)),
      ),
    ),
  );
}

/** The strip over the conversation while nobody has come yet: place, expected wait, the way out. */

import { h } from "../shared/dom";
import { setText } from "../shared/draw";
import { fill, type Lang } from "../shared/language";
import { BACK_TO_BOT, type Service } from "./protocol";
import { WORDS, type Words } from "./words";

/** A second press within this time, in milliseconds, would only be a second message. */
const PRESSED_MS = 4_000;

export class Queue {
  readonly element: HTMLElement;
  readonly #place = h("p", { role: "status", "data-testid": "queue" });
  readonly #words: Words;

  /** @param say sends a text with its payload. */
  constructor(lang: Lang, say: (text: string, payload: string) => void) {
    this.#words = WORDS[lang];
    const { leaveQueue } = this.#words;
    const leave = h(
      "button",
      {
        type: "button",
        "data-testid": "leave-queue",
        onclick: () => {
          leave.disabled = true;
          setTimeout(() => {
            leave.disabled = false;
          }, PRESSED_MS);
          say(leaveQueue, BACK_TO_BOT);
        },
      },
      leaveQueue,
    );
    this.element = h("div", { class: "queue", hidden: true }, this.#place, leave);
  }

  /** @param service what is known about the wait; missing when the customer does not wait. */
  render(service: Service | undefined): void {
    this.element.hidden = !service;
    setText(this.#place, service ? waiting(service, this.#words) : "");
  }
}

/** The place and the wait in words. */
function waiting({ position: n, wait_minutes: minutes }: Service, words: Words): string {
  if (!n) return words.queued;
  return minutes ? fill(words.queuedFor, { n, minutes }) : fill(words.queuedAt, { n });
}

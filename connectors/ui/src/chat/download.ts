/** The conversation as a text file, made in the browser. */

import type { Lang } from "../shared/language";
import type { Message } from "./protocol";
import { LOCALE, WORDS } from "./words";

/** "23/11/2026, 14:05:09 You: …", one message a paragraph, with the addresses of links and files. */
export function asText(messages: readonly Message[], lang: Lang, server: string): string {
  return messages
    .map(({ at, author, name, text, attachments, link }) =>
      [
        new Date(at).toLocaleString(LOCALE[lang]),
        WORDS[lang][author],
        name,
        text.replaceAll("**", ""),
        link?.url,
        ...(attachments ?? []).map(({ id }) => `${server}/files/${id}`),
      ]
        .filter(Boolean)
        .join(" "),
    )
    .join("\n\n");
}

/** Saves the conversation on the customer's device. */
export function download(messages: readonly Message[], lang: Lang, server: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([asText(messages, lang, server)]));
  link.download = "chat.txt";
  link.click();
}

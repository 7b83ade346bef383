/** The conversation as a text file: every line with its time and who said it. */

import type { Lang } from "../shared/language";
import type { Message } from "./protocol";
import { WORDS } from "./words";

/** Local time to the minute, the year first in both languages. */
function stamp(at: string): string {
  return new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short" }).format(
    new Date(at),
  );
}

/** "2026-11-23 14:05 You: …", one message after the other, with the addresses of files. */
export function asText(messages: readonly Message[], lang: Lang, server: string): string {
  const space = lang === "en" ? " " : "";
  return messages
    .map(({ at, author, name, text, attachments, picture, link }) => {
      const who = `${WORDS[lang][author].slice(0, -1)}${name ? ` (${name})` : ""}`;
      const shown = [
        text,
        picture,
        link && `${link.title} ${link.url}`,
        ...(attachments ?? []).map((one) => `${one.name} ${server}/files/${one.id}`),
      ].filter(Boolean);
      return `${stamp(at)} ${who}${lang === "en" ? ":" : "："}${space}${shown.join("\n")}\n`;
    })
    .join("\n");
}

/** Saves the conversation on the customer's device. */
export function download(messages: readonly Message[], lang: Lang, server: string): void {
  // The mark in front lets Windows' editor read Chinese.
  const file = new Blob(["\ufeff", asText(messages, lang, server)], {
    type: "text/plain;charset=utf-8",
  });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = `chat-${stamp(new Date().toISOString()).slice(0, 10)}.txt`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

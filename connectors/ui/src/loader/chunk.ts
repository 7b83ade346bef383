/** Where this script came from, and the chat chunk beside it. */

/** File of the chat chunk relative to the script; the build fills it in. */
declare const __CHAT_FILE__: string;

// Read while the script runs: later the browser does not tell any more.
const script = document.currentScript ?? document.querySelector('script[src$="yingda-chat.js"]');

/** The script's own element, for its data attributes. */
export const scriptElement = script instanceof HTMLScriptElement ? script : undefined;

const scriptUrl = new URL(scriptElement?.src || location.href, location.href);

/** Default of the `server` attribute. */
export const scriptOrigin = scriptUrl.origin;

let failures = 0;

/** Loads the chat. A browser may remember a failed address, so that a retry needs another one. */
export async function loadChat(): Promise<typeof import("../chat/mount")> {
  if (import.meta.env.DEV) return import("../chat/mount");
  const url = new URL(__CHAT_FILE__, scriptUrl);
  if (failures) url.search = `retry=${failures}`;
  try {
    return await import(/* @vite-ignore */ url.href);
  } catch (error) {
    failures += 1;
    throw error;
  }
}

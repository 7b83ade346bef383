/** What the widget keeps in the browser, by server: never across two shops on one page's origin. */

/** The names in use. `panel` lives in sessionStorage (one tab), the others in localStorage. */
export type Name = "session" | "outbox" | "read" | "panel";

/** Reads one value. A browser that forbids storage (private mode, sandboxed frame) reads null. */
export function read(store: "local" | "session", server: string, name: Name): string | null {
  try {
    return area(store).getItem(key(server, name));
  } catch {
    return null;
  }
}

/** Writes one value, or removes it when null. Storage that is full or forbidden is not an error:
 * the chat works on, it only forgets at reload. */
export function write(
  store: "local" | "session",
  server: string,
  name: Name,
  value: string | null,
): void {
  try {
    if (value === null) area(store).removeItem(key(server, name));
    else area(store).setItem(key(server, name), value);
  } catch {
    // see above
  }
}

function area(store: "local" | "session"): Storage {
  return store === "local" ? localStorage : sessionStorage;
}

function key(server: string, name: Name): string {
  return `yingda:${server}:${name}`;
}

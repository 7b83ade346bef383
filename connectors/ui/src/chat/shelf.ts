/** The outbox's place in the browser: one list per server in localStorage. */

import { read, write } from "../shared/storage";
import type { Outgoing, Shelf } from "./outbox";

/** Every change reads the list anew, so that a second tab's messages stay in it. */
export function browserShelf(server: string): Shelf {
  const load = () => parse(read("local", server, "outbox"));
  const save = (items: Outgoing[]) =>
    write("local", server, "outbox", items.length ? JSON.stringify(items) : null);
  return {
    load,
    put(item) {
      const items = load();
      const index = items.findIndex((other) => other.client_id === item.client_id);
      items.splice(index < 0 ? items.length : index, 1, item);
      save(items);
    },
    remove(clientId) {
      save(load().filter((item) => item.client_id !== clientId));
    },
  };
}

/** What an older version or another script left there is dropped, never trusted. */
function parse(stored: string | null): Outgoing[] {
  try {
    const items: unknown = JSON.parse(stored ?? "[]");
    return Array.isArray(items) ? items.filter(isOutgoing) : [];
  } catch {
    return [];
  }
}

function isOutgoing(item: unknown): item is Outgoing {
  const { client_id, text, at } = (item ?? {}) as Record<string, unknown>;
  return typeof client_id === "string" && typeof text === "string" && typeof at === "string";
}

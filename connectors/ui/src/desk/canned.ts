/** Ready-made replies: which fit what was typed after "/", and with the names filled in. Pure. */

import { fill, type Lang } from "../shared/language";
import type { Canned, View } from "./model";

/** The replies whose keys, titles or text contain `query`; those whose key begins with it first. */
export function matching(replies: readonly Canned[], query: string): Canned[] {
  const wanted = query.trim().toLowerCase();
  if (!wanted) return [...replies];
  const rank = (reply: Canned) => {
    if (reply.keys.some((key) => key.startsWith(wanted))) return 0;
    const texts = [...reply.keys, reply.title.zh, reply.title.en, reply.zh, reply.en];
    return texts.some((text) => text.toLowerCase().includes(wanted)) ? 1 : 2;
  };
  return replies
    .map((reply): [number, Canned] => [rank(reply), reply])
    .filter(([at]) => at < 2)
    .sort(([a], [b]) => a - b)
    .map(([, reply]) => reply);
}

/** The text in `lang`; a name without a value stays in braces for the agent to complete. */
export function filled(reply: Canned, lang: Lang, agent: string, view: View | undefined): string {
  const order = view?.customer.orders[0]?.number;
  const customer = view?.customer.name;
  return fill(reply[lang], {
    agent,
    ...(order ? { order } : {}),
    ...(customer ? { customer } : {}),
  });
}

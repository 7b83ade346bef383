/** Hands a file in before the message that carries it. */

import type { Receipt, Refusal } from "./protocol";
import { FILE_LIMIT_BYTES } from "./protocol";

/** Says in `refusal` why the server did not take a file; without words when it was not reached. */
export class Refused extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.code);
  }
}

/** Throws `Refused`. */
export async function upload(server: string, session: string, file: File): Promise<Receipt> {
  // Not even tried: the server would take nothing of it, after minutes on a slow line.
  if (file.size > FILE_LIMIT_BYTES) throw new Refused({ code: "size" });
  let response: Response;
  let answer: Receipt & { error?: Refusal };
  try {
    response = await fetch(`${server}/files?name=${encodeURIComponent(file.name)}`, {
      method: "POST",
      headers: { authorization: `Bearer ${session}` },
      body: file,
    });
    answer = await response.json();
  } catch {
    throw new Refused({ code: "network" });
  }
  if (!response.ok) throw new Refused(answer.error ?? { code: "server" });
  return answer;
}

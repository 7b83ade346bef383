/** The conversation as the server stored it: ordered by seq, nothing twice, holes noticed. */

import type { Message } from "./protocol";

export interface Transcript {
  /** Ascending seq, each seq once. May run ahead of `complete` while a hole is being filled. */
  readonly messages: readonly Message[];
  /** Every message up to this seq is here. */
  readonly complete: number;
}

export const EMPTY: Transcript = { messages: [], complete: 0 };

/** Adds one message that arrived live. A seq already seen changes nothing (same object back). */
export function receive(transcript: Transcript, message: Message): Transcript {
  if (has(transcript, message.seq)) return transcript;
  const messages = merge(transcript.messages, [message]);
  return { messages, complete: advance(messages, transcript.complete) };
}

/** Notes what the customer called the answer at `seq`. */
export function rated(transcript: Transcript, seq: number, helpful: boolean | null): Transcript {
  const messages = transcript.messages.map((message) =>
    message.seq === seq ? { ...message, helpful } : message,
  );
  return { ...transcript, messages };
}

/** Adds the server's answer to "all after `complete`". The answer is the authority: a number it
 * leaves out does not exist, so an answer that brings nothing new closes the hole instead of asking
 * for it forever. */
export function catchUp(transcript: Transcript, batch: readonly Message[]): Transcript {
  const fresh = batch.filter((message) => !has(transcript, message.seq));
  const messages = merge(transcript.messages, fresh);
  const answered = Math.max(transcript.complete, ...batch.map((message) => message.seq));
  const complete = advance(messages, answered);
  return { messages, complete: fresh.length ? complete : Math.max(complete, last(messages)) };
}

/** True when a message after a hole is here, so that the hole must be asked for. */
export function hasGap(transcript: Transcript): boolean {
  return last(transcript.messages) > transcript.complete;
}

function has(transcript: Transcript, seq: number): boolean {
  return transcript.messages.some((message) => message.seq === seq);
}

function last(messages: readonly Message[]): number {
  return messages.at(-1)?.seq ?? 0;
}

function merge(old: readonly Message[], fresh: readonly Message[]): Message[] {
  const bySeq = new Map([...old, ...fresh].map((message) => [message.seq, message]));
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

/** The highest seq reachable from `complete` without a hole. */
function advance(messages: readonly Message[], complete: number): number {
  let reached = complete;
  for (const { seq } of messages) if (seq === reached + 1) reached = seq;
  return reached;
}

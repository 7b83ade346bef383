import { describe, expect, test } from "vitest";
import type { Message } from "../../src/chat/protocol";
import { catchUp, EMPTY, hasGap, receive, type Transcript } from "../../src/chat/transcript";

const message = (seq: number): Message => ({
  seq,
  author: "bot",
  text: `m${seq}`,
  at: "2026-11-22T10:00:00Z",
});
const seqs = ({ messages }: Transcript) => messages.map(({ seq }) => seq);
const live = (...numbers: number[]) =>
  numbers.reduce((transcript, seq) => receive(transcript, message(seq)), EMPTY);

describe("receive", () => {
  test("orders by seq whatever the order of arrival", () => {
    expect(seqs(live(2, 3, 1))).toEqual([1, 2, 3]);
  });

  test("a seq already seen changes nothing, not even the object", () => {
    const before = live(1, 2);
    expect(receive(before, { ...message(2), text: "again" })).toBe(before);
  });

  test("shows a message that ran ahead but knows that something is missing", () => {
    const ahead = live(1, 4);
    expect(seqs(ahead)).toEqual([1, 4]);
    expect(ahead.complete).toBe(1);
    expect(hasGap(ahead)).toBe(true);
  });

  test("a hole filled by late messages is no hole any more", () => {
    const filled = live(1, 4, 2, 3);
    expect(filled.complete).toBe(4);
    expect(hasGap(filled)).toBe(false);
  });
});

describe("catchUp", () => {
  test("takes the server's transcript, wherever its numbers start", () => {
    const loaded = catchUp(EMPTY, [message(7), message(8)]);
    expect(loaded.complete).toBe(8);
    expect(hasGap(loaded)).toBe(false);
  });

  test("fills the hole and keeps what ran ahead", () => {
    const filled = catchUp(live(1, 5), [message(2), message(3), message(4), message(5)]);
    expect(seqs(filled)).toEqual([1, 2, 3, 4, 5]);
    expect(filled.complete).toBe(5);
  });

  test("asks once more when messages arrived after the server's answer was written", () => {
    const partly = catchUp(live(1, 5), [message(2), message(3)]);
    expect(partly.complete).toBe(3);
    expect(hasGap(partly)).toBe(true);
  });

  test("an answer without news closes the hole: no endless asking", () => {
    const ahead = live(1, 5);
    expect(hasGap(catchUp(ahead, []))).toBe(false);
    expect(hasGap(catchUp(ahead, [message(5)]))).toBe(false);
  });

  test("is idempotent", () => {
    const batch = [message(1), message(2)];
    const once = catchUp(EMPTY, batch);
    expect(catchUp(once, batch)).toEqual(once);
  });
});

test("any arrival order with any repeats ends in the same transcript", () => {
  let seed = 7;
  const random = (n: number) => {
    seed = (seed * 48271) % 2147483647;
    return seed % n;
  };
  for (let round = 0; round < 200; round += 1) {
    let transcript = EMPTY;
    const all = Array.from({ length: 12 }, (_, index) => message(index + 1));
    for (let step = 0; step < 40; step += 1) {
      const from = random(12);
      transcript =
        random(3) === 0
          ? // What a server would answer: everything after `complete`, up to some moment.
            catchUp(transcript, all.slice(transcript.complete, Math.max(transcript.complete, from)))
          : receive(transcript, all[from] as Message);
      const shown = seqs(transcript);
      expect(shown).toEqual([...new Set(shown)].sort((a, b) => a - b));
    }
    expect(seqs(catchUp(transcript, all))).toEqual(all.map(({ seq }) => seq));
  }
});

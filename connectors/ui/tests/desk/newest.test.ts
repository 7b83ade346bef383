import { describe, expect, test } from "vitest";
import type { Line } from "../../src/desk/model";
import { caughtUp, joined } from "../../src/desk/newest";

const lines = (...seqs: number[]) => seqs.map((seq) => ({ seq }) as Line);
const seqs = (found: Line[] | undefined) => found?.map(({ seq }) => seq);

describe("the lines of the open conversation", () => {
  test("the newest replace and extend what is known", () => {
    const delivered = [{ seq: 2, delivery: "done" } as Line, ...lines(3)];
    const found = joined(lines(1, 2), delivered);
    expect(seqs(found)).toEqual([1, 2, 3]);
    expect(found?.[1]?.delivery).toBe("done");
  });

  test("a gap asks for the whole", () => {
    expect(joined(lines(1, 2), lines(4, 5))).toBeUndefined();
    expect(seqs(joined([], lines(1, 2)))).toEqual([1, 2]);
  });

  test("an answer that is older than an event does not take a line away", () => {
    expect(seqs(caughtUp(lines(1, 2), lines(1, 2, 3)))).toEqual([1, 2, 3]);
    expect(seqs(caughtUp(lines(1, 2, 3), lines(1, 2)))).toEqual([1, 2, 3]);
  });
});

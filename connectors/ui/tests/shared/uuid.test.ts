import { expect, test } from "vitest";
import { uuid } from "../../src/shared/uuid";

test("a version 4 UUID, another one each time", () => {
  const made = Array.from({ length: 100 }, uuid);
  for (const id of made)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(made).size).toBe(100);
});

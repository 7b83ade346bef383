import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf-8");

/** The custom properties of the first block that `selector` opens. */
function tokens(css: string, selector: string): Record<string, string> {
  const block = css.slice(css.indexOf(selector));
  const body = block.slice(block.indexOf("{") + 1, block.indexOf("}"));
  return Object.fromEntries(
    [...body.matchAll(/(--[\w-]+):\s*([^;]+);/g)].map(([, name, value]) => [name, value]),
  );
}

describe("the dark theme", () => {
  test("switched by hand it is the one that follows the system", () => {
    const followed = ["brand", "page"].map((name) =>
      tokens(read(`../../src/tokens/${name}.css`), ':root:not([data-theme="light"])'),
    );
    const chosen = tokens(read("../../src/desk/dark.css"), ':root[data-theme="dark"]');
    expect(chosen).toEqual(Object.assign({}, ...followed));
    expect(Object.keys(chosen).length).toBeGreaterThan(10);
  });
});

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Script } from "node:vm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BUDGET, measure, report } from "../../scripts/size.js";

let outDir = "";
const text = (name: string) => readFileSync(join(outDir, name), "utf8");

beforeAll(() => {
  outDir = mkdtempSync(join(tmpdir(), "yingda-ui-"));
  // In a process of its own: the test runner's environment is not the one that people build in.
  execFileSync(process.execPath, ["scripts/build.js", outDir]);
}, 120_000);
afterAll(() => rmSync(outDir, { recursive: true }));

test("the widget keeps its size budget, and a widget over it fails", () => {
  const sizes = measure(outDir);
  expect(sizes.loader).toBeLessThanOrEqual(BUDGET.loader);
  expect(sizes.total).toBeLessThanOrEqual(BUDGET.total);
  expect(() => report({ ...sizes, loader: BUDGET.loader + 1 })).toThrow(/too big/);
});

test("the loader is a classic script that leaves no name behind and names the chunk", () => {
  const loader = text("yingda-chat.js");
  expect(() => new Script(loader)).not.toThrow();
  expect(loader.trim()).toMatch(/^\(function\(\)\{[\s\S]*\}\)\(\);?$/);
  const chunk = /assets\/chat-[\w-]+\.js/.exec(loader)?.[0] ?? "";
  expect(text(chunk)).toMatch(/export\s*\{/);
});

test("the demo page runs under a CSP without inline code, styles or data: addresses", () => {
  const html = text("index.html");
  expect(html).toContain('src="./yingda-chat.js"');
  expect(html).not.toMatch(/<style|style=|\son\w+=|<script(?![^>]*\ssrc=)/);
  const assets = readdirSync(join(outDir, "assets")).filter((name) => /\.(css|js)$/.test(name));
  for (const name of assets) expect(text(`assets/${name}`)).not.toMatch(/data:(image|font)/);
});

/** The size budget: what a page that embeds the widget makes its visitors load. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/** Upper limits in bytes after gzip -9. */
export const BUDGET = { loader: 3 * 1024, total: 25 * 1024 };

/** Sizes in bytes after gzip of the built widget in `outDir`. @param {string} outDir */
export function measure(outDir) {
  const chunks = readdirSync(join(outDir, "assets")).filter((name) => /^chat-.*\.js$/.test(name));
  if (chunks.length !== 1)
    throw new Error(`expected one assets/chat-<hash>.js in ${outDir}, found ${chunks.length}`);
  const gzip = (/** @type {string} */ name) =>
    gzipSync(readFileSync(join(outDir, name)), { level: 9 }).length;
  const loader = gzip("yingda-chat.js");
  return { loader, total: loader + gzip(`assets/${chunks[0]}`) };
}

/** Prints the sizes; throws when one is over its limit. @param {typeof BUDGET} sizes */
export function report(sizes) {
  for (const part of /** @type {const} */ (["loader", "total"])) {
    const line = `${part} ${sizes[part]} of ${BUDGET[part]} bytes (gzip)`;
    if (sizes[part] > BUDGET[part]) throw new Error(`the widget is too big: ${line}`);
    console.log(line);
  }
}

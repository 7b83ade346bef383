/** `node scripts/build.js [folder]` builds dist/: the pages, the chat chunk, and the loader that names it.
 *
 * Three builds, not one: the loader must be a classic script without imports and exports, so it can
 * share no chunk with anything.
 */

import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { measure, report } from "./size.js";

const root = fileURLToPath(new URL("..", import.meta.url));
/** @type {import("vite").InlineConfig} */
const shared = { root, logLevel: "warn", configFile: `${root}vite.config.ts` };

// A development build would carry the development server's hooks.
process.env.NODE_ENV = "production";
const outDir = resolve(process.argv[2] ?? `${root}dist`);

/** Builds one script beside the pages and returns its file name in `outDir`.
 * @param {string} input @param {import("vite").Rolldown.OutputOptions} output @param {object} define */
async function script(input, output, define = {}) {
  const built = await build({
    ...shared,
    publicDir: false,
    define,
    build: {
      outDir,
      emptyOutDir: false,
      modulePreload: false,
      rolldownOptions: { input: `${root}${input}`, preserveEntrySignatures: "strict", output },
    },
  });
  const file = [built].flat().flatMap((one) => ("output" in one ? one.output : []))[0];
  if (!file) throw new Error(`${input}: expected one built file, got none`);
  return file.fileName;
}

const pages = ["", "zh/", "en/", "desk/", "editor/"].map((folder) => `${root}${folder}index.html`);
await build({
  ...shared,
  build: { outDir, emptyOutDir: true, rolldownOptions: { input: pages } },
});
const chat = await script("src/chat/mount.ts", {
  format: "es",
  entryFileNames: "assets/chat-[hash].js",
});
await script(
  "src/loader/index.ts",
  { format: "iife", entryFileNames: "yingda-chat.js" },
  { __CHAT_FILE__: JSON.stringify(chat) },
);
report(measure(outDir));

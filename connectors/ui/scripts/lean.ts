/** Leaves out of Socket.IO's client what our pages never use. Its methods and modules stay as they are
 * published; each name here is one that nothing calls, and a build fails where the library has no such name. */

import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

const FETCH = fileURLToPath(
  new URL(
    "../node_modules/engine.io-client/build/esm/transports/polling-fetch.js",
    import.meta.url,
  ),
);

const OVER_FETCH = `export { Fetch as XHR } from ${JSON.stringify(FETCH)};`;

/** The browser's own reading of an address, in the words of the library's. */
const OVER_URL = `export const parse = (source) => {
  const { protocol, hostname, port, pathname: path, search, searchParams } = new URL(source);
  const [scheme, host] = [protocol.slice(0, -1), hostname.replace(/[[\\]]/g, "")];
  return { source, protocol: scheme, host, port, path, query: search.slice(1), queryKey: Object.fromEntries(searchParams) };
};`;

/** What the library probes for, as every browser that we build for has it. */
const BROWSER = `export const nextTick = (job) => Promise.resolve().then(job),
  globalThisShim = self, defaultBinaryType = "arraybuffer", createCookieJar = () => {};`;

/** Modules and what stands in for them: WebTransport (HTTP/3), which our server does not speak, and binary
 * messages, of which there are none. Long polling goes through the `Fetch` transport, a quarter of the size
 * of the one over XMLHttpRequest, and addresses are read by the browser. */
const MODULES: Record<string, string> = {
  "./webtransport.js": "export class WT {}",
  "./binary.js": "export const deconstructPacket = 0, reconstructPacket = 0;",
  "./is-binary.js": "export const isBinary = () => false, hasBinary = isBinary;",
  "./contrib/base64-arraybuffer.js": "export const decode = 0;",
  "./contrib/parseuri.js": OVER_URL,
  "./globals.node.js": BROWSER,
  "../globals.node.js": BROWSER,
  "./polling-xhr.node.js": OVER_FETCH,
  "./transports/polling-xhr.js": OVER_FETCH,
  "./transports/polling-xhr.node.js": OVER_FETCH,
};

/** Methods by file: catch-all listeners, volatile and retried messages, shorthands, binary packets. */
const METHODS: Record<string, string[]> = {
  "socket.io-client/build/esm/socket.js": [
    "disconnected",
    "send",
    "_addToQueue",
    "close",
    "compress",
    "volatile",
    "onAny",
    "prependAny",
    "offAny",
    "listenersAny",
    "onAnyOutgoing",
    "prependAnyOutgoing",
    "offAnyOutgoing",
    "listenersAnyOutgoing",
  ],
  "socket.io-client/build/esm/manager.js": ["connect", "disconnect"],
  "socket.io-parser/build/esm/index.js": ["encodeAsBinary", "takeBinaryData"],
  "engine.io-client/build/esm/socket.js": ["send"],
};

/** Code by file that only other places than a browser need, long explanations, and what is put there. */
const PIECES: Record<string, [RegExp, string][]> = {
  "socket.io-client/build/esm/socket.js": [
    [/"It seems you are[^"]*"/, '"expected a server of v3"'],
  ],
  "engine.io-client/build/esm/socket.js": [
    [/"specifying both[^"]*"/, '"transports given twice"'],
    [/if \(this\.opts\.closeOnBeforeunload\) \{[^}]*\{[^}]*\}\s*\};[^}]*\}/, ""],
  ],
  "engine.io-client/build/esm/transports/websocket.js": [
    [/const isReactNative =[^;]*;/, "const isReactNative = false;"],
    [/pick\(this\.opts, [^)]*\)/, "{}"],
  ],
};

export function leanSocketIo(): Plugin {
  const mark = "\0unused:";
  return {
    name: "yingda-lean-socket-io",
    apply: "build",
    enforce: "pre",
    resolveId: (source, importer) =>
      source in MODULES && /[\\/](socket|engine)\.io-/.test(importer ?? "") ? mark + source : null,
    load: (id) => (id.startsWith(mark) ? MODULES[id.slice(mark.length)] : null),
    transform(code, id) {
      const file = Object.keys({ ...METHODS, ...PIECES }).find((name) =>
        id.replaceAll("\\", "/").endsWith(name),
      );
      if (!file) return null;
      const left = new Set(METHODS[file]);
      const cuts: [number, number][] = [];
      for (const node of this.parse(code).body) {
        const declared = node.type === "ExportNamedDeclaration" ? node.declaration : node;
        if (declared?.type !== "ClassDeclaration") continue;
        for (const part of declared.body.body)
          if (
            part.type === "MethodDefinition" &&
            "name" in part.key &&
            left.delete(`${part.key.name}`)
          )
            cuts.push([part.start, part.end]);
      }
      if (left.size)
        throw new Error(`${file}: expected the methods ${[...left]}, found none of that name`);
      const lean = cuts.reduceRight(
        (text, [from, to]) => text.slice(0, from) + text.slice(to),
        code,
      );
      return (PIECES[file] ?? []).reduce((text, [piece, instead]) => {
        if (!piece.test(text)) throw new Error(`${file}: expected ${piece}, found nothing like it`);
        return text.replace(piece, instead);
      }, lean);
    },
  };
}

import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

/** Where the app listens while developing. */
const APP = "http://127.0.0.1:8000";

/** In development the pages find the widget under the name it has when built. */
function loaderInDevelopment(): Plugin {
  return {
    name: "yingda-loader",
    apply: "serve",
    configureServer(server) {
      server.middlewares.use("/yingda-chat.js", (_request, response) => {
        response.setHeader("Content-Type", "text/javascript");
        response.end('import("/src/loader/index.ts");');
      });
    },
  };
}

const FETCH = fileURLToPath(
  new URL("node_modules/engine.io-client/build/esm/transports/polling-fetch.js", import.meta.url),
);

const OVER_FETCH = `export { Fetch as XHR } from ${JSON.stringify(FETCH)};`;

/** Parts of Socket.IO's client that the widget never uses, and what stands in for them: WebTransport
 * (HTTP/3), which our server does not speak, and binary messages, of which there are none. Long polling
 * goes through its `Fetch` transport, a quarter of the size of the one over XMLHttpRequest. */
const UNUSED: Record<string, string> = {
  "./webtransport.js": "export class WT {}",
  "./binary.js": "export const deconstructPacket = 0, reconstructPacket = 0;",
  "./is-binary.js": "export const isBinary = () => false, hasBinary = isBinary;",
  "./contrib/base64-arraybuffer.js": "export const decode = 0;",
  "./polling-xhr.node.js": OVER_FETCH,
  "./transports/polling-xhr.js": OVER_FETCH,
  "./transports/polling-xhr.node.js": OVER_FETCH,
};

function withoutUnused(): Plugin {
  const mark = "\0unused:";
  return {
    name: "yingda-without-unused",
    apply: "build",
    enforce: "pre",
    resolveId: (source, importer) =>
      source in UNUSED && /[\\/](socket|engine)\.io-/.test(importer ?? "") ? mark + source : null,
    load: (id) => (id.startsWith(mark) ? UNUSED[id.slice(mark.length)] : null),
  };
}

export default defineConfig({
  base: "./",
  plugins: [loaderInDevelopment(), withoutUnused()],
  build: {
    target: ["chrome111", "safari16.4", "firefox113"],
    // Our pages forbid data: addresses by CSP.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  server: {
    proxy: {
      "/socket.io": { target: APP, ws: true },
      "/account": APP,
      "/desk/api": APP,
      "/editor/api": APP,
    },
  },
});

import { defineConfig, type Plugin } from "vite";
import { leanSocketIo } from "./scripts/lean.ts";

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

export default defineConfig({
  base: "./",
  plugins: [loaderInDevelopment(), leanSocketIo()],
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

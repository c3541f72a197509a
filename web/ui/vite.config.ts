/** How the screens are built: into web/static/app, which the hub serves and the Python package carries. */

import { fileURLToPath } from "node:url";

import { defineConfig } from "vite";
import solid from "vite-plugin-solid";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const HUB = process.env["TICKWELL_HUB"] ?? "http://127.0.0.1:8765";

export default defineConfig({
  base: "/static/app/",
  plugins: [solid()],
  resolve: { alias: { tickwell: here("../static/js/tickwell.js"), "~": here("./src") } },
  build: {
    outDir: here("../static/app"),
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    // The hub's Content-Security-Policy allows no `data:` script or style, and few bytes are won by inlining.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  server: {
    proxy: Object.fromEntries(
      ["/api", "/ws", "/health", "/metrics", "/static/js", "/static/css"].map((path) => [path, { target: HUB, ws: path === "/ws" }]),
    ),
  },
});

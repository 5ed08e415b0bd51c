/** How the monitor's pages are built: hashed assets with relative addresses, nothing inline, so that they serve below any prefix and under a strict CSP. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** The page is empty until the script has run: to paint before would only flash the wrong theme. */
const paintOnce: Plugin = {
  name: "paint-once",
  transformIndexHtml: {
    order: "post",
    handler: (html) => html.replace('<script type="module"', '<script type="module" blocking="render"'),
  },
};

/** Compressed once, here, rather than for every browser. */
const compressed: Plugin = {
  name: "compressed",
  closeBundle() {
    const folder = path("dist/web/assets");
    for (const name of readdirSync(folder).filter((file) => /\.(js|css|svg)$/.test(file))) {
      const text = readFileSync(join(folder, name));
      writeFileSync(join(folder, `${name}.gz`), gzipSync(text, { level: 9 }));
      writeFileSync(join(folder, `${name}.br`), brotliCompressSync(text));
    }
  },
};

export default defineConfig({
  root: path("src/web"),
  base: "./",
  publicDir: false,
  cacheDir: join(tmpdir(), "celeriac-vite"),
  plugins: [react(), paintOnce, compressed],
  build: {
    outDir: path("dist/web"),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: ["chrome123", "firefox128", "safari17.5"],
    reportCompressedSize: false,
    // What is bundled is other people's: their licences go with it.
    license: { fileName: "licenses.md" },
  },
});

import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const root = fileURLToPath(new URL(".", import.meta.url));
const gzipBytes = promisify(gzip);

/** Writes a compressed copy beside every text file, so that serving costs no CPU. */
function precompress(): Plugin {
  let outDir = ""; // the build may be told another one: it builds beside what is served and swaps
  return {
    name: "precompress",
    configResolved: (config) => {
      outDir = resolve(config.root, config.build.outDir);
    },
    closeBundle: async () => {
      for (const entry of await readdir(outDir, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(js|css|html|svg)$/.test(entry.name)) continue;
        const path = join(entry.parentPath, entry.name);
        await writeFile(`${path}.gz`, await gzipBytes(await readFile(path), { level: constants.Z_BEST_COMPRESSION }));
      }
    },
  };
}

/** The explorer as static files with hashed names: `vite build --config src/playground/vite.config.ts`. */
export default defineConfig({
  root,
  base: "/playground/",
  logLevel: "warn",
  plugins: [precompress()],
  worker: { format: "es" },
  build: {
    outDir: join(root, "../../dist/playground"),
    emptyOutDir: true,
    assetsInlineLimit: 0, // data: URLs would need an exception in the content security policy
    chunkSizeWarningLimit: 8_000, // the code editor is large, and fetched once
    reportCompressedSize: false,
    rolldownOptions: {
      // Hundreds of lines about "use client" in libraries would hide what matters.
      onLog: (level, log, handle) => (log.code === "MODULE_LEVEL_DIRECTIVE" ? undefined : handle(level, log)),
    },
  },
});

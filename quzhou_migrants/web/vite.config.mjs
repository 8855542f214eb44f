// Builds every entry to hashed files and a manifest. Entries: src/*.js here, and <package>/<room>/client/*.js
// beside the pages that use them; a library is named as if it stood in this folder's node_modules.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const packages = ["projects", "allocation", "inspection", "surveys", "quzhou_migrants"];
const scripts = (folder) =>
  existsSync(folder) ? readdirSync(folder).filter((f) => f.endsWith(".js")).map((f) => join(folder, f)) : [];
const rooms = packages.flatMap((name) =>
  readdirSync(join(root, name), { withFileTypes: true }).filter((e) => e.isDirectory()).map((e) => join(root, name, e.name)),
);
const files = [...scripts(join(here, "src")), ...rooms.flatMap((room) => scripts(join(room, "client")))];
const libraries = Object.keys(JSON.parse(readFileSync(join(here, "package.json"), "utf8")).dependencies);

export default defineConfig({
  root: here,
  base: "/static/",
  publicDir: false,
  resolve: { alias: Object.fromEntries(libraries.map((name) => [name, join(here, "node_modules", name)])) },
  css: {
    preprocessorOptions: {
      scss: { quietDeps: true, silenceDeprecations: ["import", "global-builtin", "color-functions", "if-function"] },
    },
  },
  build: {
    outDir: "static",
    emptyOutDir: true,
    manifest: "manifest.json",
    assetsInlineLimit: 0, // nothing inlined: the policy of our pages allows no inline code
    chunkSizeWarningLimit: 2000,
    rolldownOptions: {
      checks: { eval: false, pluginTimings: false }, // htmx carries an eval that allowEval:false and our policy keep shut
      input: Object.fromEntries(files.map((file) => [basename(file, ".js"), file])),
      output: {
        entryFileNames: "[name]-[hash].js",
        chunkFileNames: "[name]-[hash].js",
        assetFileNames: "[name]-[hash][extname]",
      },
    },
  },
});

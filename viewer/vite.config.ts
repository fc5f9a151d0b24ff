import { defineConfig } from "vite";

// Everything is served by Armillary itself, under any root path: hence relative addresses and no inlined assets.
export default defineConfig({
  base: "./",
  build: {
    outDir: "../src/armillary/server/static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    sourcemap: false,
  },
  worker: { format: "es" },
});

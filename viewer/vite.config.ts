import { cpSync, mkdirSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";

const outDir = "../src/armillary/server/static";

/** The page of the HTTP API works without any outside network: Swagger UI's two files come with the build. */
function swagger(): Plugin {
  return {
    name: "swagger-ui-files",
    apply: "build",
    closeBundle() {
      mkdirSync(`${outDir}/swagger`, { recursive: true });
      for (const file of ["swagger-ui.css", "swagger-ui-bundle.js"]) {
        cpSync(`node_modules/swagger-ui-dist/${file}`, `${outDir}/swagger/${file}`);
      }
    },
  };
}

// Everything is served by Armillary itself, under any root path: hence relative addresses and no inlined assets.
export default defineConfig({
  base: "./",
  plugins: [swagger()],
  build: {
    outDir,
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    sourcemap: false,
  },
  worker: { format: "es" },
});

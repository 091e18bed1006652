// Builds leadlight.js. With a folder as argument: writes it there; without: only weighs it.
// `buildSnippet` is what the package's build hook calls.
import { build } from "esbuild";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

const HERE = dirname(fileURLToPath(import.meta.url));
const LIMIT_BROTLI_BYTES = 3072;

/** The minified script and what it weighs on the wire. */
export async function buildSnippet() {
  const { version } = JSON.parse(readFileSync(join(HERE, "package.json"), "utf8"));
  const { outputFiles } = await build({
    absWorkingDir: HERE,
    entryPoints: ["src/leadlight.ts"],
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2019",
    charset: "utf8",
    legalComments: "none",
    tsconfigRaw: "{}", // leaves "use strict" out: esbuild keeps module semantics without it
    define: { VERSION: JSON.stringify(version) },
    write: false,
  });
  const code = outputFiles[0].contents;
  const size = { bytes: code.length, brotli: brotliCompressSync(code).length, gzip: gzipSync(code, { level: 9 }).length };
  return { version, code, size };
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { code, size } = await buildSnippet();
  const folder = process.argv[2];
  if (folder) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "leadlight.js"), code);
  }
  console.log(`leadlight.js: ${size.brotli} bytes brotli, ${size.gzip} gzip, ${size.bytes} as it is`);
  if (size.brotli > LIMIT_BROTLI_BYTES) {
    console.error(`leadlight.js must not weigh more than ${LIMIT_BROTLI_BYTES} bytes (brotli)`);
    process.exit(1);
  }
}

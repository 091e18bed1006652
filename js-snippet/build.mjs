// Builds leadlight.js. With a folder as argument: writes it there; without: only weighs it.
// `buildSnippet` is what the package's build hook calls.
import { build } from "esbuild";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { minify } from "terser";

const HERE = dirname(fileURLToPath(import.meta.url));
const MOST_BYTES = 3072; // compressed, whichever way

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
  // A second pass puts functions that are used once where they are used: a twentieth less on every visitor's wire.
  const small = await minify(outputFiles[0].text, { ecma: 2019, module: true, compress: { passes: 3, unsafe_arrows: true } });
  const code = Buffer.from(small.code);
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
  if (Math.max(size.brotli, size.gzip) > MOST_BYTES) {
    console.error(`leadlight.js must not weigh more than ${MOST_BYTES} bytes compressed`);
    process.exit(1);
  }
}

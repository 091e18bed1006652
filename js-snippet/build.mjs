// Builds leadlight.js and the part that it loads later. With a folder as argument: writes them there; without: only weighs them.
// `buildSnippet` is what the Python package's build hook calls.
import { parse } from "acorn";
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { minify } from "terser";

const HERE = dirname(fileURLToPath(import.meta.url));
const MOST_BYTES = 2048; // of the core, compressed, whichever way

/**
 * Every file as it is to be served, by name, and the manifest: version, and of each file its integrity hash and weight.
 * Each script is there twice: under the name that follows releases, and under the name of its version, frozen. A page that pins
 * the frozen leadlight.js by its hash pins with it the parts: that copy knows their hashes, the other trusts its host.
 */
export async function buildSnippet() {
  const { version } = JSON.parse(readFileSync(join(HERE, "package.json"), "utf8"));
  const make = (entry, integrity) => script(`src/${entry}.ts`, { VERSION: version, ...integrity });
  const forms = await make("leadlight-forms");
  const more = await make("leadlight-more", { FORMS_INTEGRITY: integrityOf(forms) });
  const files = {
    "leadlight.js": await make("leadlight", { MORE_INTEGRITY: "" }),
    [`leadlight-${version}.js`]: await make("leadlight", { MORE_INTEGRITY: integrityOf(more) }),
    "leadlight-more.js": more,
    [`leadlight-more-${version}.js`]: more,
    "leadlight-forms.js": forms,
    [`leadlight-forms-${version}.js`]: forms,
  };
  const described = Object.entries(files).map(([name, code]) => [name, { integrity: integrityOf(code), ...weigh(code) }]);
  return { files, manifest: { version, files: Object.fromEntries(described) } };
}

/** One minified script without exports. */
async function script(entry, constants) {
  const { outputFiles } = await build({
    absWorkingDir: HERE,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2019",
    charset: "utf8",
    legalComments: "none",
    tsconfigRaw: "{}", // leaves "use strict" out: esbuild keeps module semantics without it
    define: Object.fromEntries(Object.entries(constants).map(([name, value]) => [name, JSON.stringify(value)])),
    write: false,
  });
  // A second pass puts functions that are used once where they are used: a twentieth less on every visitor's wire.
  const small = await minify(outputFiles[0].text, { ecma: 2019, module: true, compress: { passes: 3, unsafe_arrows: true } });
  // Nothing goes wrong in the page's name, and nothing gets a name there: a block keeps to itself what `let` declares.
  const body = small.code.replace(/;$/, "");
  const block = body.replace(/^var /, "let ");
  const code = /\b(var|function|class) /.test(block) ? `(()=>{try{${body}}catch{}})()` : `try{${block}}catch{}`;
  parse(code, { ecmaVersion: 2019, sourceType: "script" });
  return Buffer.from(code);
}

const integrityOf = (code) => `sha384-${createHash("sha384").update(code).digest("base64")}`;

const weigh = (code) => ({ bytes: code.length, brotli: brotliCompressSync(code).length, gzip: gzipSync(code, { level: 9 }).length });

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { files, manifest } = await buildSnippet();
  const folder = process.argv[2];
  if (folder) {
    mkdirSync(folder, { recursive: true });
    for (const [name, code] of Object.entries(files)) writeFileSync(join(folder, name), code);
    writeFileSync(join(folder, "leadlight.json"), `${JSON.stringify(manifest, null, 1)}\n`);
    await build({ absWorkingDir: HERE, entryPoints: ["src/load.ts"], format: "esm", target: "es2019", outdir: resolve(folder) });
  }
  for (const name of ["leadlight.js", `leadlight-${manifest.version}.js`, "leadlight-more.js", "leadlight-forms.js"]) {
    const { brotli, gzip, bytes } = manifest.files[name];
    console.log(`${name}: ${brotli} bytes brotli, ${gzip} gzip, ${bytes} as it is`);
  }
  const { brotli, gzip } = manifest.files["leadlight.js"];
  if (Math.max(brotli, gzip) > MOST_BYTES) {
    console.error(`leadlight.js must not weigh more than ${MOST_BYTES} bytes compressed`);
    process.exit(1);
  }
}

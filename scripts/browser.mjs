// Builds all browser code and data from npm packages into the services' static/ folders.
// Called by hatch_build.py, which has seen to it that node_modules is there. The same sources give the same bytes,
// and a file whose bytes did not change is not touched.
import { build } from "esbuild";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { list as botPatterns } from "isbot";
import { buildSnippet } from "../js-snippet/build.mjs";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);

/** Styles may name what the service serves elsewhere: url("/...") stays as it is. */
const absoluteAddresses = {
  name: "absolute-addresses",
  setup: ({ onResolve }) => onResolve({ filter: /^\// }, ({ path, kind }) => (kind === "url-token" ? { path, external: true } : undefined)),
};

const services = join(ROOT, "services");
const wanted = new Map(); // path -> bytes
const shipped = new Set(["@fontsource-variable/inter", "crawler-user-agents", "free-email-domains", "isbot"]); // packages whose notices go along

await addSnippet(join(services, "collector", "static"));
await addConsole(join(services, "console", "assets"), join(services, "console", "static"));
addFont(join(services, "console", "static", "fonts"), /^inter-[a-z-]+-wght-normal\.woff2$/);
addFont(join(services, "demosite", "static", "fonts"), /^inter-latin(-ext)?-wght-normal\.woff2$/);
addData(join(services, "identifier", "static"));
addLicences(join(services, "console", "static", "THIRD_PARTY_LICENSES.txt"));
save();

async function addSnippet(folder) {
  const { files, manifest } = await buildSnippet();
  for (const [name, code] of Object.entries({ ...files, "leadlight.json": json(manifest) })) {
    const bytes = Buffer.from(code);
    wanted.set(join(folder, name), bytes);
    wanted.set(join(folder, `${name}.br`), brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }));
    wanted.set(join(folder, `${name}.gz`), gzipSync(bytes, { level: 9 }));
  }
}

/** console.js is htmx, its SSE extension, then console.ts; console.css is bundled with what it imports. */
async function addConsole(assets, folder) {
  const options = {
    absWorkingDir: ROOT,
    bundle: true,
    minify: true,
    target: "es2021",
    charset: "utf8",
    legalComments: "none",
    loader: { ".woff2": "file", ".svg": "file" },
    assetNames: "fonts/[name]",
    plugins: [absoluteAddresses],
    outdir: folder,
    write: false,
    metafile: true,
  };
  const script = join(assets, "console.ts");
  const lines = ['import htmx from "htmx.org";', "globalThis.htmx = htmx;"];
  const extension = ['import "htmx-ext-sse";', ...(existsSync(script) ? [`import ${JSON.stringify(script)};`] : [])];
  const { outputFiles, metafile } = await build({
    ...options,
    format: "iife",
    stdin: { contents: [...lines, ...extension].join("\n"), resolveDir: ROOT, sourcefile: "console-entry.ts", loader: "ts" },
  });
  wanted.set(join(folder, "console.js"), outputFiles[0].contents);
  noteShipped(metafile);

  const style = join(assets, "console.css");
  if (!existsSync(style)) return;
  const styled = await build({ ...options, entryPoints: [style], target: ["chrome123", "firefox120", "safari17.5"] });
  for (const file of styled.outputFiles) wanted.set(file.path, file.contents);
  noteShipped(styled.metafile);
}

function noteShipped({ inputs }) {
  for (const path of Object.keys(inputs)) {
    const name = /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path);
    if (name) shipped.add(name[1]);
  }
}

function addFont(folder, wantedFiles) {
  const files = join(packageFolder("@fontsource-variable/inter"), "files");
  for (const name of readdirSync(files).filter((name) => wantedFiles.test(name))) {
    wanted.set(join(folder, name), readFileSync(join(files, name)));
  }
}

function addData(folder) {
  wanted.set(join(folder, "bot_patterns.json"), json(botPatterns));
  wanted.set(join(folder, "bot_names.json"), json(require("crawler-user-agents").map(({ pattern }) => pattern)));
  wanted.set(join(folder, "free_email_domains.json"), json([...require("free-email-domains")].sort()));
}

function addLicences(path) {
  const notices = [...shipped].sort().map((name) => {
    const folder = packageFolder(name);
    const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e(\.\w+)?$/i.test(entry));
    if (!file) throw new Error(`${name} has no licence file; its notice cannot be shipped`);
    const text = readFileSync(join(folder, file), "utf8").trim();
    return `${name} ${version}${license ? ` (${license})` : ""}\n\n${text}\n`;
  });
  const head = "Leadlight's browser code and data contain the following packages, each under its own licence.\n";
  wanted.set(path, [head, ...notices].join(`\n${"-".repeat(78)}\n\n`));
}

/** Writes what differs and removes what is no longer built. */
function save() {
  const folders = new Set([...wanted.keys()].map((path) => join(services, relative(services, path).split(/[\\/]/)[0], "static")));
  let written = 0;
  for (const [path, contents] of wanted) {
    const bytes = Buffer.from(contents);
    if (existsSync(path) && readFileSync(path).equals(bytes)) continue;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
    written += 1;
  }
  for (const folder of folders) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath ?? entry.path, entry.name);
      if (entry.isFile() && !wanted.has(path)) rmSync(path);
    }
  }
  if (written > 0) console.log(`browser code: ${wanted.size} files, ${written} written`);
}

function packageFolder(name) {
  return join(ROOT, "node_modules", name);
}

function json(value) {
  return `${JSON.stringify(value, null, 1)}\n`;
}

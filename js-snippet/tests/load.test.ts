import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { load } from "../src/load";

beforeEach(() => {
  delete window.leadlight;
  document.head.innerHTML = "";
});

const tags = (): NodeListOf<HTMLScriptElement> => document.querySelectorAll("script");

test("importing does nothing; loading puts the tag on the page, once", () => {
  expect(window.leadlight).toBeUndefined();
  const options = { host: "https://collect.example/", key: "wk_1", consent: "required", hash: true, nonce: "n" } as const;
  const leadlight = load(options);
  expect(load(options)).toBe(leadlight);
  expect(tags()).toHaveLength(1);
  const [tag] = tags();
  expect(tag!.getAttribute("src")).toBe("https://collect.example/leadlight.js");
  expect(["data-key", "data-consent", "data-hash"].map((name) => tag!.getAttribute(name))).toEqual(["wk_1", "required", ""]);
  expect(tag!.nonce).toBe("n");
});

test("calls wait for the script", () => {
  const leadlight = load({ host: "https://collect.example", key: "wk_1" });
  leadlight.identify("u_17", { plan: "team" });
  expect([...(window.leadlight as unknown as unknown[])]).toEqual([["identify", "u_17", { plan: "team" }]]);
});

test("a version is pinned by its hash", () => {
  load({ host: "https://collect.example", key: "wk_1", version: "0.1.0", integrity: "sha384-x" });
  expect(tags()[0]).toMatchObject({ integrity: "sha384-x", crossOrigin: "anonymous" });
  expect(tags()[0]!.src).toBe("https://collect.example/leadlight-0.1.0.js");
});

test("what is built: each script under two names, a manifest with its hashes, and the package's module with types", () => {
  const folder = mkdtempSync(join(tmpdir(), "leadlight-"));
  execFileSync(process.execPath, ["build.mjs", folder]);
  const { version, files } = JSON.parse(readFileSync(join(folder, "leadlight.json"), "utf8"));
  const scripts = ["leadlight", "leadlight-more", "leadlight-forms"].flatMap((name) => [`${name}.js`, `${name}-${version}.js`]);
  expect(Object.keys(files).sort()).toEqual(scripts.sort());
  expect(readdirSync(folder).sort()).toEqual([...scripts, "leadlight.json", "load.js"].sort());
  expect(files["leadlight.js"].gzip).toBeLessThanOrEqual(2048);
  expect(files["leadlight.js"].brotli).toBeLessThanOrEqual(2048);
  const core = readFileSync(join(folder, `leadlight-${version}.js`), "utf8");
  expect(core).toContain(files[`leadlight-more-${version}.js`].integrity);
  const more = readFileSync(join(folder, `leadlight-more-${version}.js`), "utf8");
  expect(more).toContain(files[`leadlight-forms-${version}.js`].integrity);
}, 60_000);

test("its types are found however a project resolves modules, with libraries checked", () => {
  const project = mkdtempSync(join(tmpdir(), "leadlight-"));
  const installed = join(project, "node_modules", "leadlight-snippet");
  const tsc = (...args: string[]): string => execFileSync("npx", ["tsc", ...args], { encoding: "utf8" });
  tsc("-p", "tsconfig.types.json", "--outDir", join(installed, "dist"));
  cpSync("package.json", join(installed, "package.json"));
  const use = `import { load, type Leadlight } from "leadlight-snippet";
const leadlight: Leadlight = load({ host: "https://collect.example", key: "wk_1" });
leadlight.track("Watched the film", { seconds: 40 });
// @ts-expect-error: the event's name is a text
leadlight.track(40);
`;
  writeFileSync(join(project, "page.mts"), use);
  for (const [module, moduleResolution] of [
    ["esnext", "bundler"],
    ["nodenext", "nodenext"],
  ]) {
    const compilerOptions = { noEmit: true, strict: true, target: "es2022", types: [], module, moduleResolution };
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["page.mts"] }));
    tsc("-p", project);
  }
}, 60_000);

// Compiles assembly/ into build/*.wasm, one file for each build and layout (tools/builds.mjs), as
// far as they are not in the cache, and writes src/layout/generated.ts from what the compiler laid
// out, if all are asked for. `--check-layout` writes nothing there and fails when the file is not
// what it should be.

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { compilationsOf } from "./builds.mjs";
import { cacheFolder, compileAll } from "./compile.mjs";
import { WasmCache, contentOf, hashOf, writeAtomically } from "./wasm-cache.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** As `layoutSource`, which takes a second, unless it was made of the same before. */
async function cachedLayoutSource(entries, path) {
  const tools = ["tools/layout-source.mjs", ".prettierrc.json", "package-lock.json"];
  const parts = [...entries].flatMap(([name, { wasm, layout }]) => {
    return [name, wasm, JSON.stringify(layout)];
  });
  const key = hashOf([...parts, ...tools.map((file) => contentOf(join(root, file)) ?? "")]);
  const cache = new WasmCache(cacheFolder);
  const known = cache.read("layout-source", key);
  if (known !== null) return Buffer.from(known.wasm).toString("utf8");
  const { layoutSource } = await import("./layout-source.mjs");
  const source = await layoutSource(entries, path);
  cache.write("layout-source", key, { wasm: Buffer.from(source), layout: null });
  return source;
}

/**
 * What the command does.
 * @param {readonly string[]} [names] builds, as `compilationsOf` takes them; none: all of the
 *   package's, and src/layout/generated.ts
 * @param {{ checkLayout?: boolean, text?: boolean, fresh?: boolean, quiet?: boolean }} [options]
 */
export async function buildWasm(names = [], { checkLayout = false, ...settings } = {}) {
  const all = await compileAll(compilationsOf(names), settings);
  if (names.length > 0) return;
  // The others' allocators have no structs of ours.
  const entries = new Map([...all].filter(([, { layout }]) => layout !== null));
  const generated = join(root, "src/layout/generated.ts");
  const source = await cachedLayoutSource(entries, generated);
  if (contentOf(generated) === source) return;
  if (checkLayout) throw new Error("src/layout/generated.ts is stale: run npm run build:wasm");
  writeAtomically(generated, source);
  console.log("src/layout/generated.ts written");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const program = new Command("build-wasm")
    .description("Brings binaries into build/: core, replay.lp64, peers/tlsf …")
    .argument("[NAME...]", "builds, both layouts or one; without: all of the package's")
    .option("--check-layout", "fail where src/layout/generated.ts is not what it should be")
    .option("--text", "also write build/NAME.wat")
    .option("--fresh", "leave out the cache")
    .option("--quiet", "say nothing of what comes from the cache")
    .action(buildWasm)
    .exitOverride((error) => process.exit(error.exitCode && 2));
  program.parseAsync().catch((error) => {
    console.error(`build-wasm: ${error.message}`);
    process.exitCode = 1;
  });
}

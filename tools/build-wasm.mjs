// Compiles assembly/ into build/*.wasm, one file for each build and layout (tools/builds.mjs), as
// far as they are not in the cache, and writes src/layout/generated.ts from what the compiler laid
// out, if all are asked for. `--check-layout` writes nothing there and fails when the file is not
// what it should be.

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { compilationsOf } from "./builds.mjs";
import { compileAll } from "./compile.mjs";
import { layoutSource } from "./layout-source.mjs";
import { contentOf, writeAtomically } from "./wasm-cache.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * What the command does.
 * @param {readonly string[]} [names] builds, as `compilationsOf` takes them; none: all of the
 *   package's, and src/layout/generated.ts
 * @param {{ checkLayout?: boolean, text?: boolean, fresh?: boolean, quiet?: boolean }} [options]
 */
export async function buildWasm(names = [], { checkLayout = false, ...settings } = {}) {
  const entries = await compileAll(compilationsOf(names), settings);
  if (names.length > 0) return;
  const generated = join(root, "src/layout/generated.ts");
  const source = await layoutSource(entries, generated);
  if (contentOf(generated) === source) return;
  if (checkLayout) throw new Error("src/layout/generated.ts is stale: run npm run build:wasm");
  writeAtomically(generated, source);
  console.log("src/layout/generated.ts written");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const program = new Command("build-wasm")
    .description("Brings binaries into build/: core, replay.lp64, bench/tlsf …")
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

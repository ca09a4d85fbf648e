// `ptmalloc-wasm runtime`: the heap of a glibc as AssemblyScript sources, for asc's --runtime and
// for imports. Of the default's the package has them as files, too.

import { readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { Command } from "commander";
import type { GlibcVersion } from "../../binary/glibc.js";
import { DEFAULT_GLIBC } from "../../layout/generated.js";
import { fileError } from "../inputs.js";
import { UserError, type CliIo } from "../io.js";
import { makeFolder, writeWhole } from "../output.js";
import { glibcOption } from "../profile-option.js";
import { runtimeSources } from "./sources.js";

interface Options {
  glibc?: GlibcVersion;
  out: string;
}

const EXAMPLES = `
Examples:
  ptmalloc-wasm runtime --glibc 2.43 --out heap
  npx asc main.ts -O3 --runtime ./heap/incremental --outFile main.wasm

The folder has what the package's as/ has: the runtimes incremental and minimal, and C's functions
to be imported, from "./heap/ilp32" or "./heap/lp64". Docs: docs/assemblyscript.md.`;

/** The first line says who made a file, and how. */
const firstLine = (text: string) => text.slice(0, text.indexOf("\n"));

/** @throws UserError where there is a file that is not one of ours */
function checkPlace(file: string, text: string): void {
  let there: string;
  try {
    there = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw fileError(file, error);
  }
  if (firstLine(there) !== firstLine(text))
    throw new UserError(`${file} is there already, and not of this command's: choose a new folder`);
}

/** @returns what asc is to be told: it takes files relative to where it runs */
function runtimePath(folder: string): string {
  const path = relative("", join(folder, "incremental")).split(sep).join("/");
  return path.startsWith("..") ? path : `./${path}`;
}

function run(io: CliIo, { glibc = DEFAULT_GLIBC, out }: Options): void {
  const files = [...runtimeSources(glibc)].map(([path, text]) => [join(out, path), text] as const);
  for (const [file, text] of files) checkPlace(file, text);
  for (const folder of new Set(files.map(([file]) => dirname(file)))) makeFolder(folder);
  for (const [file, text] of files) writeWhole(file, text);
  io.stdout.write(
    `glibc ${glibc}'s malloc, ${files.length} sources of AssemblyScript, in ${out}\n` +
      `Go on with: npx asc main.ts -O3 --runtime ${runtimePath(out)} --outFile main.wasm\n`,
  );
}

/** @returns the command, to be added to the program */
export function runtimeCommand(io: CliIo): Command {
  return new Command("runtime")
    .description(
      "Write the heap as AssemblyScript sources, of whichever glibc: runtimes for asc, under its " +
        "own garbage collectors, and C's functions as a library.",
    )
    .summary("write a glibc's malloc as a runtime for AssemblyScript")
    .addOption(glibcOption())
    .requiredOption("--out <folder>", "where to; the folder is made")
    .addHelpText("after", EXAMPLES)
    .action((options: Options) => run(io, options));
}

// `ptmalloc-wasm binaries`: which binaries the package has, and files of them for browsers and
// bundlers, which cannot look into its archive.

import { join } from "node:path";
import { Command } from "commander";
import { UserError, type CliIo } from "../io.js";
import { makeFolder, writeWhole } from "../output.js";
import { packageBinaries, packageBinary } from "../package-binaries.js";

interface Options {
  out?: string;
}

const EXAMPLES = `
Examples:
  ptmalloc-wasm binaries
  ptmalloc-wasm binaries core-2.43.ilp32 --out public

In a browser: createHeap({ glibc: "2.43", wasm: "/public/core-2.43.ilp32.wasm" })`;

function run(io: CliIo, wanted: readonly string[], { out }: Options): void {
  const all = packageBinaries();
  const unknown = wanted.find((name) => !all.includes(name));
  if (unknown !== undefined)
    throw new UserError(`no binary "${unknown}"; "ptmalloc-wasm binaries" lists those there are`);
  const names = wanted.length > 0 ? wanted : all;
  if (out !== undefined) makeFolder(out);
  for (const name of names) {
    const bytes = packageBinary(name);
    const size = `${bytes.length.toLocaleString("en-US").padStart(7)} bytes`;
    if (out === undefined) io.stdout.write(`${size}  ${name}\n`);
    else {
      const file = join(out, `${name}.wasm`);
      writeWhole(file, bytes);
      io.stdout.write(`${size}  ${file}\n`);
    }
  }
}

/** @returns the command, to be added to the program */
export function binariesCommand(io: CliIo): Command {
  return new Command("binaries")
    .description(
      "List the package's WebAssembly binaries, those of other versions of glibc among them, " +
        "or write them to files.",
    )
    .summary("list the WebAssembly binaries, or write them to files")
    .argument("[name...]", "such as core-2.43.ilp32; all of them without")
    .option("--out <folder>", "write NAME.wasm there; the folder is made")
    .addHelpText("after", EXAMPLES)
    .action((names: string[], options: Options) => run(io, names, options));
}

// `ptmalloc-wasm export`: a trace, replayed, in other programs' formats.

import { Command, Option } from "commander";
import { EXPORTS, WRITERS, type ExportFormat } from "../../trace/interchange/export.js";
import { written } from "../../trace/interchange/writer.js";
import { PAGE_SIZE } from "../../layout/generated.js";
import type { CliIo } from "../io.js";
import {
  playerIn,
  readTrace,
  startMachine,
  withMachineOptions,
  type MachineOptions,
} from "../machine.js";
import { writeText } from "../output.js";

interface Options extends MachineOptions {
  as: ExportFormat;
  output?: string;
}

const HELP = `
Formats:
  heaptrack  a data file, version 3, for heaptrack_gui and heaptrack_print
  perfetto   JSON for ui.perfetto.dev: calls, live bytes, footprint and brk, by operation
  ltrace     as ltrace prints calls, for villoc
  mtrace     as mtrace(3) writes, for the script mtrace
  csv        a row for each operation; docs/interchange.md has the columns

Addresses are those that malloc returned in a process of the model. What a format cannot say is in
its comments, where it has some, so that import gets all of it back.

Examples:
  ptmalloc-wasm export --as heaptrack -o lua.heaptrack.gz lua.rep.gz
  ptmalloc-wasm export --as perfetto --abi lp64 -o lua.json lua.rep.gz
  ptmalloc-wasm export --as ltrace lua.rep.gz >lua.ltrace; villoc.py lua.ltrace lua.html`;

/** @returns the command, to be added to the program */
export function exportCommand(io: CliIo): Command {
  return withMachineOptions(new Command("export"))
    .description("Replay a trace, and write it in the format of another program.")
    .summary("write a trace in the format of heaptrack, Perfetto, ltrace, mtrace or CSV")
    .argument("<FILE>", "a trace, .rep or .rep.gz; - is standard input")
    .addOption(new Option("--as <format>", "the format").choices(EXPORTS).makeOptionMandatory())
    .option("-o, --output <file>", "where to; gzipped if it ends in .gz (default: standard output)")
    .addHelpText("after", HELP)
    .action((file: string, options: Options) => exportTrace(file, options, io));
}

async function exportTrace(file: string, options: Options, io: CliIo): Promise<void> {
  const trace = await readTrace(file, io);
  const kernel = startMachine(options);
  const { mm } = kernel;
  const pieces = written(
    trace,
    (observer) => playerIn(kernel, trace, false, observer),
    () => ({ footprintBytes: mm.totalVm * PAGE_SIZE, brk: mm.brk }),
    WRITERS[options.as],
  );
  await writeText(pieces, options.output, io);
}

// `ptmalloc-wasm mm`: mm_struct of a process of the model, and the files of /proc that are made of
// it.

import { Command, Option } from "commander";
import type { Kernel } from "../../kernel.js";
import type { CliIo } from "../io.js";
import { machineAt, withMomentOptions, type MomentOptions } from "../machine.js";
import { provenance } from "../provenance.js";
import { colorsFor, table, terminalWidth } from "../tables.js";

interface Options extends MomentOptions {
  json?: true;
  proc?: "status" | "statm" | "stat";
}

const EXAMPLES = `
Examples:
  ptmalloc-wasm mm
  ptmalloc-wasm mm --proc status lua.rep.gz --at 10000`;

/** What the fields mean, in the order in which they are shown; those of one kind together. */
const FIELDS = [
  ["startBrk", "start_brk", "where [heap] begins"],
  ["brk", "brk", "the program break, exact to the byte"],
  ["mmapBase", "mmap_base", "where the search for room begins; 0: not decided yet"],
  ["taskSize", "task_size", "the end of the address space"],
  ["startCode", "start_code", "the program's code, which is not in this memory"],
  ["endCode", "end_code", ""],
  ["startData", "start_data", "its data"],
  ["endData", "end_data", ""],
  ["startStack", "start_stack", "its stack"],
  ["argStart", "arg_start", "its arguments"],
  ["argEnd", "arg_end", ""],
  ["envStart", "env_start", "its environment"],
  ["envEnd", "env_end", ""],
  ["totalVm", "total_vm", "mapped"],
  ["hiwaterVm", "hiwater_vm", "the most that was ever mapped"],
  ["dataVm", "data_vm", "private, writable, no stack"],
  ["execVm", "exec_vm", "executable, not writable"],
  ["stackVm", "stack_vm", "growing down"],
  ["lockedVm", "locked_vm", "locked into memory"],
  ["pinnedVm", "pinned_vm", "pinned"],
  ["rssAnon", "rss_stat[MM_ANONPAGES]", "resident, as the model knows it: private"],
  ["rssShmem", "rss_stat[MM_SHMEMPAGES]", "shared"],
  ["rssFile", "rss_stat[MM_FILEPAGES]", "of files"],
  ["hiwaterRss", "hiwater_rss", "the most that was ever resident"],
  ["mapCount", "map_count", "mappings"],
  ["defFlags", "def_flags", "vm_flags that every new mapping gets"],
] as const;

type FieldName = (typeof FIELDS)[number][0];

const COUNTS: ReadonlySet<FieldName> = new Set<FieldName>(["mapCount"]);
const PAGES = /(Vm|^rss[A-Z]\w+|Rss)$/;

/** @returns the command, to be added to the program */
export function mmCommand(io: CliIo): Command {
  return withMomentOptions(new Command("mm"))
    .description("Show the kernel's mm_struct: of a fresh heap after one malloc, or of a trace.")
    .summary("show the kernel's mm_struct")
    .addOption(
      new Option("--proc <file>", "show a file of /proc/self that is made of it instead").choices([
        "status",
        "statm",
        "stat",
      ]),
    )
    .addOption(new Option("--json", "print one JSON object").conflicts("proc"))
    .addHelpText("after", EXAMPLES)
    .action(async (file: string | undefined, options: Options) => {
      const kernel = await machineAt(file, options, io);
      io.stdout.write(options.json ? jsonText(kernel) : textOf(kernel, options.proc, io));
    });
}

function textOf(kernel: Kernel, proc: Options["proc"], io: CliIo): string {
  return proc === undefined ? structText(kernel, io) : kernel[proc]();
}

function structText(kernel: Kernel, io: CliIo): string {
  const colors = colorsFor(io);
  const rows = FIELDS.map(([name, field, meaning]) => {
    const value = kernel.mm[name];
    const shown = PAGES.test(name)
      ? `${value} ${value === 1 ? "page" : "pages"}`
      : COUNTS.has(name)
        ? String(value)
        : `0x${value.toString(16)}`;
    return [field, shown, meaning] as const;
  });
  // As in C, one space before the =, which a column of its own would not have.
  const longest = Math.max(...rows.map(([field]) => field.length));
  const text = table({
    columns: [{}, { align: "left", wraps: true }],
    rows: rows.map(([field, value, meaning]) => [
      `${colors.cyan(field.padEnd(longest))} = ${colors.green(value)}`,
      meaning === "" ? "" : colors.dim(meaning),
    ]),
    width: terminalWidth(io),
    indent: "  ",
  });
  return `struct mm_struct {\n${text}\n}\n`;
}

function jsonText(kernel: Kernel): string {
  const fields = Object.fromEntries(FIELDS.map(([name, field]) => [field, kernel.mm[name]]));
  const object = {
    format: "ptmalloc-wasm mm 1",
    ...provenance(kernel.process.glibc),
    abi: kernel.process.abi,
    glibc: kernel.process.glibc,
    mm_struct: fields,
  };
  return `${JSON.stringify(object, null, 2)}\n`;
}

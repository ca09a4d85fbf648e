// `ptmalloc-wasm image`: what is in a heap image.

import { Command } from "commander";
import { HeapImageError } from "../image/errors.js";
import { openHeapImageSync, readHeapImage } from "../image/open.js";
import type { HeapImageHeader } from "../image/header.js";
import { openNodeFile } from "../kernel/files/node.js";
import type { HostFile } from "../kernel/files/host-file.js";
import { O } from "../kernel/flags.js";
import { formatBytes, formatCount } from "./format.js";
import { UserError, type CliIo } from "./io.js";

interface Options {
  json?: true;
}

/** What there is to say of an image. */
interface Findings {
  readonly header: HeapImageHeader;
  /** Bytes of the file. */
  readonly size: number;
  readonly heap: HeapFindings | undefined;
  /** Why the heap cannot be gone on with, if it cannot. */
  readonly refused: HeapImageError | undefined;
}

interface HeapFindings {
  readonly brk: number;
  readonly used: number;
  readonly free: number;
  /** Pages that are in the journal and not in their places. */
  readonly recoveredPages: number;
}

const EXAMPLES = `
Examples:
  ptmalloc-wasm image heap.img
  ptmalloc-wasm image --json heap.img`;

/** @returns the command, to be added to the program */
export function imageCommand(io: CliIo): Command {
  return new Command("image")
    .description(
      "Show what a heap image says of itself, and check the heap in it. Nothing is written to the file.",
    )
    .summary("show and check a heap image")
    .argument("<file>", "the heap image")
    .option("--json", "print one JSON object")
    .addHelpText("after", EXAMPLES)
    .action((path: string, options: Options) => {
      const findings = examinePath(path);
      io.stdout.write(options.json ? jsonText(findings) : textOf(path, findings));
      if (findings.refused !== undefined) throw findings.refused;
    });
}

function examinePath(path: string): Findings {
  let file: HostFile;
  try {
    file = openNodeFile(path, O.RDONLY);
  } catch (error) {
    throw new UserError(`cannot open ${path}: ${(error as Error).message}`);
  }
  try {
    return examine(file);
  } finally {
    file.close();
  }
}

function examine(file: HostFile): Findings {
  const header = readHeapImage(file);
  if (header === undefined) throw new UserError(`${file.path}: no msync was ever completed in it`);
  const size = file.size();
  try {
    return { header, size, heap: examineHeap(file, header), refused: undefined };
  } catch (error) {
    if (!(error instanceof HeapImageError)) throw error;
    return { header, size, heap: undefined, refused: error };
  }
}

function examineHeap(file: HostFile, header: HeapImageHeader): HeapFindings {
  const { heap, recoveredPages } = openHeapImageSync(file, { abi: header.abi, create: false });
  const { uordblks, fordblks } = heap.stats();
  return { brk: heap.mm.brk, used: uordblks, free: fordblks, recoveredPages };
}

function textOf(path: string, { header, size, heap, refused }: Findings): string {
  const { abi, generation, journal, base, startBrk, end, root, taskSize, mmapBase } = header;
  const hex = (address: number): string => `0x${address.toString(16)}`;
  const bytes = end - base;
  const rows = [
    ["base", hex(base), "the kernel's and libc's data"],
    ["start_brk", hex(startBrk), "the heap"],
    ["end", hex(end), "of the last page"],
    ["TASK_SIZE", hex(taskSize), "the limit"],
    ["mmap_base", hex(mmapBase), `mappings: ${header.layout}`],
    ["root", hex(root), "the program's own"],
    ["pages", formatCount(bytes / 4096), `${formatBytes(bytes)}; the file: ${formatBytes(size)}`],
    ["journal", formatCount(journal?.pages ?? 0), journalNote(heap)],
  ];
  if (heap !== undefined) {
    rows.push(["brk", hex(heap.brk), ""]);
    rows.push(["in use", formatBytes(heap.used), `free: ${formatBytes(heap.free)}`]);
  }
  rows.push(["check", refused === undefined ? "sound" : refused.reason, ""]);
  const lines = rows.map(([name, value, note]) =>
    `  ${name!.padEnd(9)}  ${value!.padEnd(10)}  ${note}`.trimEnd(),
  );
  return `${path}: heap image, ${abi}, generation ${generation}\n${lines.join("\n")}\n`;
}

function journalNote(heap: HeapFindings | undefined): string {
  if (heap === undefined) return "pages";
  return `pages, ${formatCount(heap.recoveredPages)} of them not yet in their places`;
}

function jsonText({ header, size, heap, refused }: Findings): string {
  const object = {
    format: "ptmalloc-wasm image 1",
    file_bytes: size,
    header,
    heap: heap ?? null,
    refused: refused === undefined ? null : { reason: refused.reason, message: refused.message },
  };
  const plain = (_: string, value: unknown): unknown =>
    typeof value === "bigint" ? `0x${value.toString(16)}` : value;
  return `${JSON.stringify(object, plain, 2)}\n`;
}

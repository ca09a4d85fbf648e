// `ptmalloc-wasm image`: what is in a heap image.

import { Command } from "commander";
import { HeapImageError } from "../../image/errors.js";
import type { DamagedPage } from "../../image/errors.js";
import { openHeapImageSync } from "../../image/open.js";
import type { HeapImageHeader } from "../../image/header.js";
import { readHeader } from "../../image/slots.js";
import { hex } from "../../image/tail.js";
import { openNodeFile } from "../../kernel/files/node.js";
import type { HostFile } from "../../kernel/files/host-file.js";
import { O } from "../../kernel/flags.js";
import { DEFAULT_GLIBC } from "../../layout/generated.js";
import { formatBytes, formatCount } from "../../base/format.js";
import { UserError, type CliIo } from "../io.js";
import { provenance } from "../provenance.js";
import { colorsFor, section, table, terminalWidth, wrap } from "../tables.js";

interface Options {
  json?: true;
}

/** What there is to say of an image. */
interface Findings {
  readonly header: HeapImageHeader;
  /** Copies of headers that are damaged, and of which there are others: bytes from the start. */
  readonly damagedCopies: readonly number[];
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
      "Show what a heap image says of itself, and check it: the checksums of all pages, and the " +
        "heap in them. Nothing is written to the file.",
    )
    .summary("show and check a heap image")
    .argument("<file>", "the heap image")
    .option("--json", "print one JSON object")
    .addHelpText("after", EXAMPLES)
    .action((path: string, options: Options) => {
      const findings = examinePath(path);
      io.stdout.write(options.json ? jsonText(findings) : textOf(io, path, findings));
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
  const stored = readHeader(file);
  if (stored === undefined || stored.header.generation === 0) {
    throw new UserError(`${file.path}: no msync was ever completed in it`);
  }
  const { header, damagedCopies } = stored;
  const findings = { header, damagedCopies, size: file.size() };
  try {
    return { ...findings, heap: examineHeap(file, header), refused: undefined };
  } catch (error) {
    if (!(error instanceof HeapImageError)) throw error;
    return { ...findings, heap: undefined, refused: error };
  }
}

function examineHeap(file: HostFile, header: HeapImageHeader): HeapFindings {
  const { abi, glibc } = header;
  const { heap, recoveredPages } = openHeapImageSync(file, { abi, glibc, create: false });
  const { uordblks, fordblks } = heap.stats();
  return { brk: heap.mm.brk, used: uordblks, free: fordblks, recoveredPages };
}

function textOf(io: CliIo, path: string, findings: Findings): string {
  const { header, size, heap, refused, damagedCopies } = findings;
  const { abi, glibc, generation, journal, base, startBrk, end, root, taskSize, mmapBase } = header;
  const width = terminalWidth(io);
  const bytes = end - base;
  const version = glibc === DEFAULT_GLIBC ? "" : `, glibc ${glibc}`;
  const rows = [
    ["format", header.version, header.table ? "" : "the pages have no checksums"],
    ["base", address(base), "the kernel's and libc's data"],
    ["start_brk", address(startBrk), "the heap"],
    ["end", address(end), "of the last page"],
    ["TASK_SIZE", address(taskSize), "the limit"],
    ["mmap_base", address(mmapBase), `mappings: ${header.layout}`],
    ["root", address(root), "the program's own"],
    ["pages", formatCount(bytes / 4096), `${formatBytes(bytes)}; the file: ${formatBytes(size)}`],
    ["journal", formatCount(journal?.pages ?? 0), journalNote(heap)],
  ];
  if (heap !== undefined) {
    rows.push(["brk", address(heap.brk), ""]);
    rows.push(["in use", formatBytes(heap.used), `free: ${formatBytes(heap.free)}`]);
  }
  if (damagedCopies.length > 0) {
    rows.push(["headers", `${damagedCopies.length} of 16 copies`, copiesNote(damagedCopies)]);
  }
  rows.push(["check", refused === undefined ? "sound" : refused.reason, ""]);
  const columns = [{}, { align: "left" }, { wraps: true, align: "left" }] as const;
  const title = wrap(`${path}: heap image, ${abi}${version}, generation ${generation}`, width);
  const parts = [title, table({ columns, rows, width, indent: "  " })];
  const damaged = refused?.damagedPages ?? [];
  if (damaged.length > 0) parts.push("", damagedTable(io, damaged, width));
  return `${parts.join("\n")}\n`;
}

function address(value: number): string {
  return `0x${value.toString(16)}`;
}

function copiesNote(offsets: readonly number[]): string {
  return `damaged, at ${offsets.map((offset) => `byte ${offset}`).join(", ")}; others are whole`;
}

/** All pages that have not their checksums. */
function damagedTable(io: CliIo, damaged: readonly DamagedPage[], width: number): string {
  const colors = colorsFor(io);
  const columns = [
    { head: "address", align: "left" },
    { head: "at byte" },
    { head: "XXH64 in the table", priority: 1 },
    { head: "XXH64 now", priority: 2 },
  ] as const;
  const rows = damaged.map((page) => [
    address(page.address),
    page.offset,
    hex(page.expected),
    hex(page.found),
  ]);
  const title = section("Damaged pages", formatCount(damaged.length), colors, width);
  return `${title}${table({ columns, rows, width, colors, indent: "  " })}`;
}

function journalNote(heap: HeapFindings | undefined): string {
  if (heap === undefined) return "pages";
  return `pages, ${formatCount(heap.recoveredPages)} of them not yet in their places`;
}

function jsonText({ header, damagedCopies, size, heap, refused }: Findings): string {
  const object = {
    format: "ptmalloc-wasm image 2",
    ...provenance(header.glibc),
    file_bytes: size,
    header,
    damaged_copies: damagedCopies,
    heap: heap ?? null,
    refused: refused === undefined ? null : { reason: refused.reason, message: refused.message },
    damaged_pages: refused?.damagedPages ?? [],
  };
  const plain = (_: string, value: unknown): unknown =>
    typeof value === "bigint" ? `0x${value.toString(16)}` : value;
  return `${JSON.stringify(object, plain, 2)}\n`;
}

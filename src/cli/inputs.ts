// Where the traces come from: files, gzipped or not, standard input, or the recordings of a source
// checkout.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { parseTrace } from "../trace/parse.js";
import { TraceError, type Trace } from "../trace/trace.js";
import { systemReason, UsageError, UserError, type CliIo } from "./io.js";
import { packageRoot } from "./package-root.js";

/** How standard input is written on the command line, and named in messages. */
const STDIN = "-";
const STDIN_NAME = "<stdin>";
/** The folders of recordings, from the package's; the second has those of several threads. */
const RECORDINGS = "traces";
const THREAD_RECORDINGS = "traces/threads";
/** What every package has of them; package.json names the same. */
const SHIPPED = ["traces/git-log.rep.gz", "traces/threads/git-grep.rep.gz"];

/**
 * @param ofThreads whether only those of programs with several threads are meant
 * @returns the recordings of real programs that are there, sorted: an installed package has a few
 *   of those in a source checkout
 */
export function bundledRecordings(ofThreads = false): string[] {
  const folders = ofThreads ? [THREAD_RECORDINGS] : [RECORDINGS, THREAD_RECORDINGS];
  return folders.flatMap((folder) => {
    const path = join(packageRoot(), folder);
    const names = existsSync(path) ? readdirSync(path) : [];
    return names
      .filter((name) => name.endsWith(".rep.gz"))
      .sort()
      .map((name) => from(folder, name));
  });
}

/** @returns the recordings that are in every package, sorted */
export function shippedRecordings(): string[] {
  return SHIPPED.map((path) => from(path));
}

/** @returns the path of a recording that the package has, by its short name; undefined for none */
function bundledNamed(name: string): string | undefined {
  const file = `${name}.rep.gz`;
  return bundledRecordings().find((path) => basename(path) === file);
}

/** A path of the package's, from where the command runs. */
function from(...path: readonly string[]): string {
  return relative(process.cwd(), join(packageRoot(), ...path));
}

/**
 * Reads and parses traces. What is odd about one is noted on standard error.
 *
 * @param files paths; "-" is standard input
 * @throws UserError for a file that cannot be read, TraceError for one that is no trace
 */
export async function readTraces(files: readonly string[], io: CliIo): Promise<Trace[]> {
  if (files.filter((file) => file === STDIN).length > 1) {
    throw new UsageError("standard input (-) can be read only once");
  }
  const traces: Trace[] = [];
  for (const file of files) {
    const { name, bytes } = await readInput(file, io);
    traces.push(parseTrace(unzipped(bytes, name), name));
  }
  // The recordings of a checkout are odd on purpose.
  const ours = join(packageRoot(), RECORDINGS);
  for (const { name, notes } of traces.filter((trace) => !resolve(trace.name).startsWith(ours))) {
    for (const note of notes) {
      io.stderr.write(`ptmalloc-wasm: note: ${name}${/^\d/.test(note) ? ":" : ": "}${note}\n`);
    }
  }
  return traces;
}

/**
 * Reads a file or, for "-", standard input.
 *
 * @param file a path, "-", or the short name of a recording that the package has: `git-log`
 * @returns its bytes, and what to call it in messages
 * @throws UserError for a file that cannot be read
 */
export async function readInput(
  file: string,
  io: CliIo,
): Promise<{ name: string; bytes: Uint8Array }> {
  if (file === STDIN) return { name: STDIN_NAME, bytes: await readAll(io.stdin) };
  const path = existsSync(file) ? file : (bundledNamed(file) ?? file);
  return { name: path, bytes: readFile(path) };
}

/** Says what is the matter with a file, as `FILE: REASON`. */
export function fileError(file: string, error: unknown): UserError {
  return new UserError(`${file}: ${systemReason(error) ?? (error as Error).message}`);
}

function readFile(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    throw fileError(file, error);
  }
}

async function readAll(stream: CliIo["stdin"]): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  try {
    for await (const part of stream) parts.push(Buffer.from(part as Uint8Array));
  } catch (error) {
    throw fileError(STDIN_NAME, error);
  }
  return Buffer.concat(parts);
}

/** The first bytes of files that other programs have packed. */
const PACKED: readonly (readonly [string, readonly number[]])[] = [
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ["bzip2", [0x42, 0x5a, 0x68]],
  ["zip", [0x50, 0x4b, 0x03, 0x04]],
];

/**
 * Gzip is told by its first bytes, not by the file's name.
 * @throws TraceError for what cannot be unpacked
 */
export function unzipped(bytes: Uint8Array, name: string): Uint8Array {
  for (const [packer, magic] of PACKED) {
    if (magic.every((byte, i) => bytes[i] === byte))
      throw new TraceError(
        name,
        0,
        `packed with ${packer}: unpack it first (gzip is taken as it is)`,
      );
  }
  return isGzip(bytes) ? tried("gzip", name, () => gunzipSync(bytes)) : bytes;
}

/** @returns whether bytes begin as gzip does */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Unpacks what a packer has packed. @throws TraceError for what is damaged */
export function tried(packer: string, name: string, unpack: () => Uint8Array): Uint8Array {
  try {
    return unpack();
  } catch (error) {
    throw new TraceError(name, 0, `damaged ${packer} file (${(error as Error).message})`);
  }
}

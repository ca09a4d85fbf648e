// What the commands look at: a process in the middle of a trace, one that a snapshot brings back,
// or the bytes of a heap image.

import { restore } from "../../inspect/checkpoint.js";
import {
  checkpointOf,
  isRestorable,
  snapshotSource,
  SNAPSHOT_FORMAT,
  type Snapshot,
} from "../../inspect/snapshot.js";
import { parseSnapshot } from "../../inspect/parse-snapshot.js";
import { openHeapImageSync } from "../../image/open.js";
import { readHeader } from "../../image/slots.js";
import { openNodeFile } from "../../kernel/files/node.js";
import { O } from "../../kernel/flags.js";
import { parseTrace } from "../../trace/parse.js";
import { Timeline } from "../../trace/timeline.js";
import { shortName, type Trace } from "../../trace/trace.js";
import { subject, type Subject } from "../../shell/subject.js";
import { readInput, unzipped } from "../inputs.js";
import { UsageError, UserError, type CliIo } from "../io.js";
import { playerIn, startMachine, type MomentOptions } from "../machine.js";

/** The first bytes of a heap image (docs/heap-image.md). */
const IMAGE_MAGIC = "ptmalloc-wasm heap image";

/**
 * Brings what a command is to look at.
 * @param file a trace, a snapshot or a heap image; without: a fresh heap after one malloc(1000)
 * @param needsTimeline whether the command goes back and forth
 * @throws UsageError, UserError, TraceError
 */
export async function subjectOf(
  file: string | undefined,
  options: MomentOptions,
  io: CliIo,
  needsTimeline = false,
): Promise<Subject> {
  if (file === undefined) return freshSubject(options);
  const { name, bytes } = await readInput(file, io);
  if (startsWith(bytes, IMAGE_MAGIC)) return imageSubject(file);
  const plain = unzipped(bytes, name);
  if (startsWith(plain, `{"format":"${SNAPSHOT_FORMAT}"`)) return snapshotSubject(name, plain);
  const trace = parseTrace(plain, name);
  return traceSubject(trace, options, needsTimeline);
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return Array.from(text).every((character, i) => bytes[i] === character.charCodeAt(0));
}

function freshSubject(options: MomentOptions): Subject {
  if (options.at !== undefined) throw new UsageError("--at needs a FILE: a trace to stop in");
  const { process } = startMachine(options);
  const block = process.malloc(1000);
  const blockOf = (operation: number): number => (operation === 0 ? block : 0);
  return subject("a fresh heap after malloc(1000)", process, { process, blockOf });
}

function traceSubject(trace: Trace, options: MomentOptions, needsTimeline: boolean): Subject {
  const { at = trace.count } = options;
  if (at > trace.count)
    throw new UsageError(`--at ${at}: ${trace.name} has ${trace.count} operations`);
  const kernel = startMachine(options);
  const { process } = kernel;
  const blocks = new Map<number, number>();
  const blockOf = (operation: number): number => blocks.get(operation) ?? 0;
  const name = `${shortName(trace)}, after ${at} of ${trace.count} operations`;
  if (needsTimeline) {
    const timeline = new Timeline(trace, process, ({ index, before, after }) => {
      blocks.set(index, after || before);
    });
    timeline.to(at);
    return subject(name, process, { process, trace, timeline, blockOf });
  }
  const player = playerIn(kernel, trace, options.touch, ({ index, before, after }) => {
    blocks.set(index, after || before);
  });
  player.to(at);
  return subject(name, process, { process, trace, blockOf });
}

function snapshotSubject(name: string, bytes: Uint8Array): Subject {
  const snapshot = parseSnapshot(name, bytes);
  try {
    const title = `${snapshot.of} (${name})`;
    if (!isRestorable(snapshot)) return subject(title, snapshotSource(snapshot));
    const [process] = restore(checkpointOf(snapshot));
    return subject(title, process!, { process });
  } catch (error) {
    throw new UserError(`${name}: ${(error as Error).message}`);
  }
}

/** Reads a snapshot from a file. @throws UserError */
export async function readSnapshot(file: string, io: CliIo): Promise<Snapshot> {
  const { name, bytes } = await readInput(file, io);
  return parseSnapshot(name, unzipped(bytes, name));
}

function imageSubject(path: string): Subject {
  const file = openNodeFile(path, O.RDONLY);
  const stored = readHeader(file);
  if (stored === undefined || stored.header.generation === 0)
    throw new UserError(`${path}: no msync was ever completed in it`);
  const { abi, glibc } = stored.header;
  const { heap } = openHeapImageSync(file, { abi, glibc, create: false });
  return subject(`heap image ${path}`, heap.process);
}

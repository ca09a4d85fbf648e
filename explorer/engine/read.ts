// Files as they are dropped: a trace, a recording of another program's, a snapshot or a heap image,
// packed with gzip or zstd. What a file is, its first bytes say.

import { MemoryFile, openHeapImage, readHeapImage } from "ptmalloc-wasm/image";
import {
  checkpointOf,
  HeapView,
  isRestorable,
  parseSnapshot,
  restore,
  snapshotSource,
  type HeapSource,
} from "ptmalloc-wasm/inspect";
import type { Kernel } from "ptmalloc-wasm/kernel";
import { formatOf, importRecording, parseTrace, TraceError } from "ptmalloc-wasm/trace";
import type { Machine } from "../model/types.js";
import { CallMoments } from "./call-moments.js";
import { moduleOf, ownFile, startMachine } from "./machine.js";
import type { Moments } from "./moments.js";
import { StillMoments } from "./still-moments.js";
import { TraceMoments } from "./trace-moments.js";

/** The most that a file may unpack to, bytes. */
const MOST_BYTES = 512 << 20;
const IMAGE_MAGIC = "ptmalloc-wasm heap image";
const SNAPSHOT = /^\s*\{\s*"format"/;

/** @returns what a file shows @throws Error that names the place where it is broken */
export async function readFile(
  name: string,
  bytes: Uint8Array,
  machine: Machine,
): Promise<Moments> {
  if (bytes.length === 0) throw new TraceError(name, 0, "the file is empty");
  const plain = await unpacked(bytes, name);
  if (begins(plain, IMAGE_MAGIC)) return readImage(name, plain);
  const head = new TextDecoder().decode(plain.subarray(0, 64));
  if (SNAPSHOT.test(head)) return readSnapshot(name, plain);
  return readTrace(name, plain, machine);
}

/** @returns a trace, or a recording made into one, played */
export async function readTrace(name: string, plain: Uint8Array, machine: Machine) {
  const { bytes, notes } = traceBytes(name, plain);
  const trace = parseTrace(bytes, name);
  if (trace.count === 0) throw new TraceError(name, 0, "there is no operation in it");
  const module = await moduleOf(machine);
  const text = bytes.length <= 200_000 ? new TextDecoder().decode(bytes) : undefined;
  const all = { ...trace, notes: [...notes, ...trace.notes] };
  return new TraceMoments(all, machine, () => startMachine(module, machine), text);
}

function traceBytes(
  name: string,
  plain: Uint8Array,
): { bytes: Uint8Array; notes: readonly string[] } {
  let format;
  try {
    format = formatOf(plain, name);
  } catch {
    return { bytes: plain, notes: [] };
  }
  const { text, notes } = importRecording(plain, name, format);
  return { bytes: new TextEncoder().encode(text), notes: [`read as ${format} writes`, ...notes] };
}

async function readSnapshot(name: string, plain: Uint8Array): Promise<Moments> {
  const snapshot = parseSnapshot(name, plain);
  let source: HeapSource;
  try {
    source = snapshotSource(snapshot);
    new HeapView(source);
  } catch (error) {
    throw new TraceError(name, 0, `the snapshot: ${(error as Error).message}`);
  }
  const { abi } = source;
  const machine: Machine = { abi, glibc: source.glibc ?? "2.36" };
  const title = `${snapshot.of} (${name})`;
  if (!isRestorable(snapshot) || source.profile !== "glibc")
    return new StillMoments({ title, kind: "snapshot", machine, source });
  const module = await moduleOf(machine);
  const checkpoint = checkpointOf(snapshot);
  const start = (): Kernel => {
    const [process] = restore(checkpoint, module);
    // A process that was put back has no kernel of its own to ask: malloc's calls work.
    return { process, errno: 0 } as unknown as Kernel;
  };
  return new CallMoments({ title, kind: "snapshot", machine, start });
}

async function readImage(name: string, plain: Uint8Array): Promise<Moments> {
  const header = readHeapImage(new MemoryFile(plain));
  if (header === undefined)
    throw new TraceError(name, 0, "no msync was ever completed in this heap image");
  const { abi, glibc } = header;
  const version = glibc ?? "2.36";
  const binary = await ownFile(`wasm/image${version === "2.36" ? "" : `-${version}`}.${abi}.wasm`);
  const { heap } = await openHeapImage(new MemoryFile(plain), {
    ...{ abi, create: false },
    wasm: binary as Uint8Array<ArrayBuffer>,
  });
  const machine = { abi, glibc: version };
  return new StillMoments({ title: name, kind: "image", machine, source: heap.process });
}

function begins(bytes: Uint8Array, text: string): boolean {
  return Array.from(text).every((character, i) => bytes[i] === character.charCodeAt(0));
}

async function unpacked(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return gunzipped(bytes, name);
  if (bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd) {
    const { decompress } = await import("fzstd");
    try {
      return decompress(bytes);
    } catch (error) {
      throw new TraceError(name, 0, `damaged zstd file (${(error as Error).message})`);
    }
  }
  return bytes;
}

async function gunzipped(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  const source = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
  const reader = source.pipeThrough(new DecompressionStream("gzip")).getReader();
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      length += value.length;
      if (length > MOST_BYTES) throw new Error("it unpacks to more than 512 MiB");
      pieces.push(value);
    }
  } catch (error) {
    const { message } = error as Error;
    throw new TraceError(name, 0, `damaged gzip file (${message || "it ends too early"})`);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

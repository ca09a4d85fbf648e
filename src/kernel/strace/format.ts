// One system call as a line of strace 6.1's text, letter for letter. Every name, separator and
// column is strace's; the tests compare with recordings of strace itself, in both layouts.

import { PAGE_BYTES } from "../../process/options.js";
import type { Abi } from "../../layout/address.js";
import { errnoMessage, errnoName } from "../errno.js";
import { MREMAP, PR } from "../flags.js";
import {
  adviceText,
  bindFlagsText,
  mapFlagsText,
  mlock2FlagsText,
  mlockallFlagsText,
  mremapFlagsText,
  msyncFlagsText,
  policyText,
  prctlText,
  protText,
  resourceText,
  vmaAttributeText,
} from "./flags-text.js";
import { stringText, terminatedText, type MemoryReader } from "./string.js";
import { MAX_ERRNO } from "../../layout/generated.js";

export type { MemoryReader };

/** One finished system call: numbers as the kernel saw them. */
export interface SyscallRecord {
  /**
   * The system call's name, such as "mmap2"; undefined for a number that strace has no name for.
   */
  readonly name: string | undefined;
  /** Its number in the layout. */
  readonly nr: number;
  /** Six arguments, each unsigned and as wide as the layout's word. */
  readonly args: readonly bigint[];
  /** What it returned, unsigned and as wide as the layout's word; -errno for a failure. */
  readonly result: bigint;
}

/** What a line depends on besides the call. */
export interface FormatContext {
  /** The process's layout. */
  readonly abi: Abi;
  /** Reads the process's memory, for strings and structs. */
  readonly read: MemoryReader;
  /** Column of the result (strace -a); default 40. */
  readonly column?: number | undefined;
}

/**
 * Elements of an array, and bytes of a string, that strace shows before it writes "..." (its -s).
 */
const SHOWN_ELEMENTS = 32;
const RESULT_COLUMN = 40;

/** A call that is being written. */
interface Call extends FormatContext {
  readonly args: readonly bigint[];
  readonly result: bigint;
  readonly failed: boolean;
}

/** Writes the arguments of one system call. */
type Decoder = (call: Call) => string[];

function at(call: Call, index: number): bigint {
  return call.args[index] ?? 0n;
}

/** Argument `index` as an unsigned int. */
function uint(call: Call, index: number): number {
  return Number(BigInt.asUintN(32, at(call, index)));
}

/** Argument `index` as a signed int. */
function int(call: Call, index: number): string {
  return String(BigInt.asIntN(32, at(call, index)));
}

function pointer(value: bigint): string {
  return value === 0n ? "NULL" : `0x${value.toString(16)}`;
}

function address(call: Call, index: number): string {
  return pointer(at(call, index));
}

function size(call: Call, index: number): string {
  return String(at(call, index));
}

/** The first two arguments of most: where and how many bytes. */
function range(call: Call): string[] {
  return [address(call, 0), size(call, 1)];
}

function offsetText(bytes: bigint): string {
  return bytes === 0n ? "0" : `0x${bytes.toString(16)}`;
}

function mmapWith(offsetUnit: bigint): Decoder {
  return (call) => [
    ...range(call),
    protText(uint(call, 2)),
    mapFlagsText(uint(call, 3)),
    int(call, 4),
    offsetText(at(call, 5) * offsetUnit),
  ];
}

function mremap(call: Call): string[] {
  const flags = uint(call, 3);
  const both = MREMAP.MAYMOVE | MREMAP.FIXED;
  const rest = (flags & both) === both ? [address(call, 4)] : [];
  return [...range(call), size(call, 2), mremapFlagsText(flags), ...rest];
}

function mincore(call: Call): string[] {
  const pages = Number((at(call, 1) + BigInt(PAGE_BYTES - 1)) / BigInt(PAGE_BYTES));
  return [...range(call), call.failed ? address(call, 2) : residency(call, pages)];
}

function residency(call: Call, pages: number): string {
  if (at(call, 2) === 0n) return "NULL";
  if (pages === 0) return "[]";
  const bytes = call.read(Number(at(call, 2)), Math.min(pages, SHOWN_ELEMENTS));
  if (bytes === undefined) return address(call, 2);
  const shown = [...bytes].map((byte) => String(byte & 1));
  return `[${shown.join(", ")}${pages > SHOWN_ELEMENTS ? ", ..." : ""}]`;
}

function limit(value: bigint, infinity: bigint, infinityName: string): string {
  if (value === infinity) return infinityName;
  return value > 1024n && value % 1024n === 0n ? `${value / 1024n}*1024` : String(value);
}

/** A struct rlimit (`words` of 32 or 64 bits) that argument `index` points at. */
function rlimit(call: Call, index: number, wide: boolean, name: string): string {
  const where = at(call, index);
  if (where === 0n) return "NULL";
  const bytes = call.read(Number(where), wide ? 16 : 8);
  if (bytes === undefined) return pointer(where);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [cur, max] = wide
    ? [view.getBigUint64(0, true), view.getBigUint64(8, true)]
    : [BigInt(view.getUint32(0, true)), BigInt(view.getUint32(4, true))];
  const infinity = wide ? 2n ** 64n - 1n : 2n ** 32n - 1n;
  return `{rlim_cur=${limit(cur, infinity, name)}, rlim_max=${limit(max, infinity, name)}}`;
}

/** struct rlimit of the layout's own words. */
function ownRlimit(call: Call, index: number): string {
  const wide = call.abi === "lp64";
  return rlimit(call, index, wide, wide ? "RLIM64_INFINITY" : "RLIM_INFINITY");
}

/** Arguments that the call fills in are shown as addresses when it failed. */
function getrlimit(call: Call): string[] {
  return [resourceText(uint(call, 0)), call.failed ? address(call, 1) : ownRlimit(call, 1)];
}

function prlimit(call: Call): string[] {
  return [
    int(call, 0),
    resourceText(uint(call, 1)),
    rlimit(call, 2, true, "RLIM64_INFINITY"),
    call.failed ? address(call, 3) : rlimit(call, 3, true, "RLIM64_INFINITY"),
  ];
}

/** A place in a file: i386 passes it in two registers, the lower half first. */
function position(call: Call, index: number): bigint {
  return call.abi === "lp64" ? at(call, index) : at(call, index) | (at(call, index + 1) << 32n);
}

/** pread64 and pwrite64; `length` bytes of the buffer are shown, unless it is undefined. */
function transfer(call: Call, length: bigint | undefined): string[] {
  const bytes = length === undefined ? undefined : stringText(call.read, at(call, 1), length);
  const place = BigInt.asIntN(64, position(call, 3));
  return [int(call, 0), bytes ?? address(call, 1), size(call, 2), String(place)];
}

/** Calls on nothing but a descriptor. */
function descriptor(call: Call): string[] {
  return [int(call, 0)];
}

/**
 * The mask of NUMA nodes that argument `index` points at; argument `index` + 1 is one more than its
 * bits.
 */
function nodeMask(call: Call, index: number): string {
  const where = at(call, index);
  const bits = call.abi === "lp64" ? 64n : 32n;
  const most = at(call, index + 1);
  if (where === 0n || most === 1n) return pointer(where);
  const words = Number((most + bits - 2n) / bits);
  const width = Number(bits) / 4;
  const shown: string[] = [];
  for (let word = 0; word < Math.min(words, SHOWN_ELEMENTS); word++) {
    const bytes = call.read(Number(where) + (word * width) / 2, width / 2);
    if (bytes === undefined) return pointer(where);
    const digits = [...bytes].reverse().map((byte) => byte.toString(16).padStart(2, "0"));
    // As C's `%#0*lx`: the width has room for the 0x, which zero goes without.
    const number = digits.join("").replace(/^0+/, "");
    shown.push(number === "" ? "0".repeat(width) : `0x${number.padStart(width - 2, "0")}`);
  }
  return `[${shown.join(", ")}${words > SHOWN_ELEMENTS ? ", ..." : ""}]`;
}

function mbind(call: Call): string[] {
  const mode = policyText(uint(call, 2));
  return [...range(call), mode, nodeMask(call, 3), size(call, 4), bindFlagsText(uint(call, 5))];
}

/** The string that argument `index` points at, in quotes. */
function text(call: Call, index: number): string {
  const where = at(call, index);
  if (where === 0n) return "NULL";
  return terminatedText(call.read, where) ?? pointer(where);
}

/** A number in hexadecimal, as C's `%#x` has it. */
function bare(value: bigint): string {
  return value === 0n ? "0" : `0x${value.toString(16)}`;
}

function prctl(call: Call): string[] {
  const which = prctlText(uint(call, 0));
  const rest = call.args.slice(1, 5);
  if (uint(call, 0) !== PR.SET_VMA) return [which, ...rest.map(bare)];
  const attribute = vmaAttributeText(uint(call, 1));
  if (uint(call, 1) !== PR.SET_VMA_ANON_NAME) return [which, attribute, ...rest.slice(1).map(bare)];
  return [which, attribute, address(call, 2), size(call, 3), text(call, 4)];
}

function remapFilePages(call: Call): string[] {
  const flags = mapFlagsText(uint(call, 4));
  return [...range(call), protText(at(call, 2)), size(call, 3), flags];
}

const decoders: Readonly<Record<string, Decoder>> = {
  brk: (call) => [address(call, 0)],
  mmap: mmapWith(1n),
  mmap2: mmapWith(BigInt(PAGE_BYTES)),
  munmap: range,
  mremap,
  mprotect: (call) => [...range(call), protText(uint(call, 2))],
  madvise: (call) => [...range(call), adviceText(uint(call, 2))],
  msync: (call) => [...range(call), msyncFlagsText(uint(call, 2))],
  mincore,
  mlock: range,
  mbind,
  remap_file_pages: remapFilePages,
  prctl,
  getpid: () => [],
  gettid: () => [],
  munlock: range,
  mlock2: (call) => [...range(call), mlock2FlagsText(uint(call, 2))],
  mlockall: (call) => [mlockallFlagsText(uint(call, 0))],
  munlockall: () => [],
  getrlimit,
  ugetrlimit: getrlimit,
  setrlimit: (call) => [resourceText(uint(call, 0)), ownRlimit(call, 1)],
  prlimit64: prlimit,
  close: descriptor,
  pread64: (call) => transfer(call, call.failed ? undefined : call.result),
  pwrite64: (call) => transfer(call, at(call, 2)),
  ftruncate: (call) => [int(call, 0), size(call, 1)],
  ftruncate64: (call) => [int(call, 0), String(position(call, 1))],
  fsync: descriptor,
  fdatasync: descriptor,
};

/** System calls whose result is an address. */
const ADDRESS_RESULTS: ReadonlySet<string> = new Set(["brk", "mmap", "mmap2", "mremap"]);

/**
 * The error number in a raw result.
 * @param result unsigned, as wide as the layout's word
 * @returns 1 to 4095; 0 when the call succeeded
 */
export function errorNumber(result: bigint, abi: Abi): number {
  const signed = BigInt.asIntN(abi === "ilp32" ? 32 : 64, result);
  return signed < 0n && signed >= -BigInt(MAX_ERRNO) ? Number(-signed) : 0;
}

function resultText(record: SyscallRecord, error: number): string {
  if (error !== 0) {
    const name = errnoName(error) ?? `ERRNO_${error}`;
    return `-1 ${name} (${errnoMessage(error)})`;
  }
  if (record.name !== undefined && ADDRESS_RESULTS.has(record.name))
    return `0x${record.result.toString(16)}`;
  return String(record.result);
}

/**
 * A system call as strace writes it.
 * @returns one line without its newline
 */
export function formatSyscall(record: SyscallRecord, context: FormatContext): string {
  const error = errorNumber(record.result, context.abi);
  const { args: words, result } = record;
  const call: Call = { ...context, args: words, result, failed: error !== 0 };
  const decoder = record.name === undefined ? undefined : decoders[record.name];
  const args = decoder?.(call) ?? record.args.map(bare);
  const name = record.name ?? `syscall_0x${record.nr.toString(16)}`;
  const head = `${name}(${args.join(", ")}) `.padEnd(context.column ?? RESULT_COLUMN);
  return `${head}= ${resultText(record, error)}`;
}

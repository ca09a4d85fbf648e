// The calls that a script can make: the system calls on memory and files, libc's functions over
// them, plain accesses to memory, and texts of /proc and of malloc. Numbers in, a number out.

import type { Kernel } from "../../kernel/kernel.js";
import type { Limits } from "../../kernel/limits.js";
import type { Size } from "../../kernel/raw-calls.js";
import { mallocInfo, mallocStats } from "../../inspect/malloc-info.js";
import { ScriptProblem } from "./lexer.js";

/** How many arguments a call takes. */
export interface Arity {
  readonly least: number;
  readonly most: number;
}

/** A call that takes numbers. */
export interface Signature extends Arity {
  readonly run: (kernel: Kernel, args: bigint[]) => Size;
  /** Which arguments are addresses; a line of strace has those of another process. */
  readonly addresses: readonly number[];
  /** Which arguments may be wider than a word: places in files, and limits. */
  readonly wide: readonly number[];
}

type Run = Signature["run"];

function call(least: number, most: number, run: Run, addresses: number[] = []): Signature {
  return { least, most, run, addresses, wide: [] };
}

function onFile(count: number, run: Run, wide: number[] = []): Signature {
  return { least: count, most: count, run, addresses: [], wide };
}

/** A call whose first argument is where something is. */
function at(least: number, most: number, run: Run): Signature {
  return call(least, most, run, [0]);
}

/** A number of a kind that the functions take: small, or they say so themselves. */
export function int(value: bigint | undefined): number {
  return Number(BigInt.asIntN(32, value ?? 0n));
}

/** Limits as a script writes them: a negative one is RLIM_INFINITY, so is one that is left out. */
function limits(...values: [bigint?, bigint?]): Limits {
  const [cur, max] = values.map((value = -1n) => (value < 0n ? Infinity : Number(value)));
  return { cur: cur ?? Infinity, max: max ?? Infinity };
}

/** Where mincore's answer goes: libc's own scratch memory, 256 pages' worth. */
const VECTOR_PAGES = 256n;

function mincore(kernel: Kernel, [address = 0n, length = 0n, vector]: bigint[]): Size {
  if (vector === undefined && length > VECTOR_PAGES * 4096n)
    throw new RangeError(`mincore without a vector takes at most ${VECTOR_PAGES} pages`);
  return kernel.mincore(address, length, vector ?? kernel.process.raw.scratch() >>> 0);
}

function fill(kernel: Kernel, address: bigint, length: bigint, byte: bigint): void {
  const [from, count] = [Number(address), Number(length)];
  kernel.touch(from, count, "write");
  kernel.process.u8().fill(Number(byte & 0xffn), from, from + count);
}

const mmap = call(
  2,
  6,
  (kernel, [address = 0n, length = 0n, prot, flags, fd, offset]) =>
    kernel.mmap(
      address,
      length,
      prot === undefined ? undefined : int(prot),
      flags === undefined ? undefined : int(flags),
      fd === undefined ? undefined : int(fd),
      offset,
    ),
  [0],
);

/** System calls on memory. */
const MEMORY: Readonly<Record<string, Signature>> = {
  brk: at(1, 1, (kernel, [address = 0n]) => kernel.syscall("brk", address)),
  sbrk: call(1, 1, (kernel, [increment]) => kernel.sbrk(int(increment))),
  mmap: { ...mmap, wide: [5] },
  munmap: at(2, 2, (kernel, [address = 0n, length = 0n]) => kernel.munmap(address, length)),
  mremap: call(
    3,
    5,
    (kernel, [address = 0n, old = 0n, length = 0n, flags, to]) =>
      kernel.mremap(address, old, length, int(flags), to),
    [0, 4],
  ),
  mprotect: at(3, 3, (kernel, [address = 0n, length = 0n, prot]) =>
    kernel.mprotect(address, length, int(prot)),
  ),
  madvise: at(3, 3, (kernel, [address = 0n, length = 0n, advice]) =>
    kernel.madvise(address, length, int(advice)),
  ),
  msync: at(3, 3, (kernel, [address = 0n, length = 0n, flags]) =>
    kernel.msync(address, length, int(flags)),
  ),
  mincore: at(2, 3, mincore),
  mlock: at(2, 2, (kernel, [address = 0n, length = 0n]) => kernel.mlock(address, length)),
  mlock2: at(3, 3, (kernel, [address = 0n, length = 0n, flags]) =>
    kernel.mlock2(address, length, int(flags)),
  ),
  munlock: at(2, 2, (kernel, [address = 0n, length = 0n]) => kernel.munlock(address, length)),
  mlockall: call(1, 1, (kernel, [flags]) => kernel.mlockall(int(flags))),
  munlockall: call(0, 0, (kernel) => kernel.munlockall()),
  mseal: at(2, 3, (kernel, [address = 0n, length = 0n, flags = 0n]) =>
    kernel.mseal(address, length, flags),
  ),
  remap_file_pages: at(4, 5, (kernel, [address = 0n, size = 0n, prot = 0n, page = 0n, flags]) =>
    kernel.remapFilePages(address, size, prot, page, int(flags)),
  ),
  getpid: call(0, 0, (kernel) => kernel.getpid()),
  getpagesize: call(0, 0, () => 4096),
  sysconf: call(1, 1, (_, [name]) => {
    if (name !== 30n) throw new RangeError("sysconf knows _SC_PAGESIZE only");
    return 4096;
  }),
  getrlimit: call(1, 1, (kernel, [resource]) => (kernel.getrlimit(int(resource)) ? 0 : -1)),
  setrlimit: {
    ...call(3, 3, (kernel, [resource, cur, max]) =>
      kernel.setrlimit(int(resource), limits(cur, max)),
    ),
    wide: [1, 2],
  },
  prlimit: {
    ...call(1, 3, (kernel, [resource, cur, max]) =>
      kernel.prlimit(int(resource), cur === undefined ? undefined : limits(cur, max)) ? 0 : -1,
    ),
    wide: [1, 2],
  },
  syscall: call(1, 7, (kernel, [nr, ...args]) => kernel.syscall(int(nr), ...args)),
};

/** malloc and its family. */
const MALLOC: Readonly<Record<string, Signature>> = {
  malloc: call(1, 1, (kernel, [size = 0n]) => kernel.process.malloc(size)),
  calloc: call(2, 2, (kernel, [number = 0n, size = 0n]) => kernel.process.calloc(number, size)),
  realloc: at(2, 2, (kernel, [block = 0n, size = 0n]) =>
    kernel.process.realloc(Number(block), size),
  ),
  reallocarray: at(3, 3, (kernel, [block = 0n, count = 0n, size = 0n]) =>
    kernel.process.reallocarray(Number(block), count, size),
  ),
  memalign: call(2, 2, (kernel, [alignment = 0n, size = 0n]) =>
    kernel.process.memalign(alignment, size),
  ),
  aligned_alloc: call(2, 2, (kernel, [alignment = 0n, size = 0n]) =>
    kernel.process.alignedAlloc(alignment, size),
  ),
  valloc: call(1, 1, (kernel, [size = 0n]) => kernel.process.valloc(size)),
  pvalloc: call(1, 1, (kernel, [size = 0n]) => kernel.process.pvalloc(size)),
  free: at(1, 1, (kernel, [block = 0n]) => {
    kernel.process.free(Number(block));
    return 0;
  }),
  malloc_usable_size: at(1, 1, (kernel, [block = 0n]) => kernel.process.usableSize(Number(block))),
  malloc_trim: call(1, 1, (kernel, [pad = 0n]) => Number(kernel.process.trim(pad))),
  mallopt: call(2, 2, (kernel, [param, value]) =>
    Number(kernel.process.mallopt(int(param), int(value))),
  ),
};

/** Calls on files. */
const FILES: Readonly<Record<string, Signature>> = {
  close: onFile(1, (kernel, [fd]) => kernel.close(int(fd))),
  pread: onFile(
    4,
    (kernel, [fd, buffer = 0n, count = 0n, place = 0n]) =>
      kernel.pread(int(fd), buffer, count, place),
    [3],
  ),
  pwrite: onFile(
    4,
    (kernel, [fd, buffer = 0n, count = 0n, place = 0n]) =>
      kernel.pwrite(int(fd), buffer, count, place),
    [3],
  ),
  ftruncate: onFile(2, (kernel, [fd, length = 0n]) => kernel.ftruncate(int(fd), length), [1]),
  fsync: onFile(1, (kernel, [fd]) => kernel.fsync(int(fd))),
  fdatasync: onFile(1, (kernel, [fd]) => kernel.fdatasync(int(fd))),
};

/** Plain accesses to memory. */
const ACCESSES: Readonly<Record<string, Signature>> = {
  read: at(2, 2, (kernel, [address = 0n, length = 0n]) => {
    kernel.touch(Number(address), Number(length), "read");
    return length;
  }),
  write: at(2, 2, (kernel, [address = 0n, length = 0n]) => {
    kernel.touch(Number(address), Number(length), "write");
    return length;
  }),
  fill: at(3, 3, (kernel, [address = 0n, length = 0n, byte = 0n]) => {
    fill(kernel, address, length, byte);
    return length;
  }),
  memset: at(3, 3, (kernel, [address = 0n, byte = 0n, length = 0n]) => {
    fill(kernel, address, length, byte);
    return address;
  }),
};

/** Calls that take numbers, by name. */
export const NUMERIC: Readonly<Record<string, Signature>> = {
  ...MEMORY,
  ...MALLOC,
  ...FILES,
  ...ACCESSES,
};

/** What strace calls those whose system call has another name. */
export const STRACE_NAMES: Readonly<Record<string, string>> = {
  mmap2: "mmap",
  old_mmap: "mmap",
  ugetrlimit: "getrlimit",
  prlimit64: "prlimit",
};

function mallinfoText(kernel: Kernel): string {
  const fields = Object.entries(kernel.process.mallinfo2());
  return fields.map(([name, value]) => `${name.padEnd(8)} = ${value}\n`).join("");
}

/** Calls that print something instead of doing anything. */
export const TEXTS: Readonly<Record<string, (kernel: Kernel) => string>> = {
  maps: (kernel) => kernel.maps(),
  smaps: (kernel) => kernel.smaps(),
  smaps_rollup: (kernel) => kernel.smapsRollup(),
  status: (kernel) => kernel.status(),
  statm: (kernel) => kernel.statm(),
  stat: (kernel) => kernel.stat(),
  limits: (kernel) => kernel.limits(),
  mallinfo: mallinfoText,
  mallinfo2: mallinfoText,
  malloc_stats: (kernel) => mallocStats(kernel.process),
  malloc_info: (kernel) => mallocInfo(kernel.process),
};

/** Calls that take something else than numbers; run.ts has what they do. */
const SPECIAL: Readonly<Record<string, Arity>> = {
  posix_memalign: { least: 3, most: 3 },
  open: { least: 2, most: 3 },
  prctl: { least: 1, most: 5 },
  sysctl: { least: 2, most: 2 },
  printf: { least: 1, most: 100 },
  puts: { least: 1, most: 1 },
};

/** @returns the names of all calls that a script can make */
export function scriptCalls(): string[] {
  return [NUMERIC, SPECIAL, TEXTS].flatMap((table) => Object.keys(table));
}

/** @returns how many arguments a call takes; undefined when there is no such call */
export function arityOf(name: string): Arity | undefined {
  if (Object.hasOwn(NUMERIC, name)) return NUMERIC[name];
  if (Object.hasOwn(SPECIAL, name)) return SPECIAL[name];
  // As in C, malloc_info(0, stdout); where it goes is of no concern here.
  return Object.hasOwn(TEXTS, name)
    ? { least: 0, most: name === "malloc_info" ? 2 : 0 }
    : undefined;
}

/** Finds what is wrong with a call before anything runs. @throws ScriptProblem */
export function checkCall(name: string, count: number, where: number): void {
  const arity = arityOf(name);
  if (arity === undefined) {
    const all = scriptCalls().join(", ");
    throw new ScriptProblem(where, `unknown call '${name.slice(0, 40)}' (there are ${all})`);
  }
  const { least, most } = arity;
  if (count >= least && count <= most) return;
  const wanted = least === most ? String(least) : `${least} to ${most}`;
  const noun = wanted === "1" ? "argument" : "arguments";
  throw new ScriptProblem(where, `${name} takes ${wanted} ${noun}, not ${count}`);
}

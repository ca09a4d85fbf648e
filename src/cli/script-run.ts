// Runs a script of calls: the system calls, libc's functions over them, and plain accesses to memory.

import { HeapAbort } from "../host/failures.js";
import { KernelOption } from "../layout/generated.js";
import {
  errnoMessage,
  MemoryFault,
  type Kernel,
  type KernelOptionName,
  type Limits,
  type Size,
} from "../kernel/index.js";
import { inLine, numberOf, scriptProblem, type ScriptCall } from "./script.js";
import { UserError } from "./io.js";

/** What a call of a script does with its arguments. */
type Call = (kernel: Kernel, args: bigint[]) => Size;

interface Signature {
  /** How many arguments it needs. */
  readonly least: number;
  readonly most: number;
  readonly run: Call;
}

function call(least: number, most: number, run: Call): Signature {
  return { least, most, run };
}

/** A number of a kind that the functions take: small, or they say so themselves. */
function int(value: bigint | undefined): number {
  return Number(BigInt.asIntN(32, value ?? 0n));
}

/** Limits as a script writes them: a negative one is RLIM_INFINITY, and so is one that is left out. */
function limits(...values: [bigint?, bigint?]): Limits {
  const [cur, max] = values.map((value = -1n) => (value < 0n ? Infinity : Number(value)));
  return { cur: cur ?? Infinity, max: max ?? Infinity };
}

/** Where mincore's answer goes: libc's own scratch memory, 256 pages' worth. */
const VECTOR_PAGES = 256n;

/** Calls on files. */
const FILE_CALLS: Readonly<Record<string, Signature>> = {
  close: call(1, 1, (kernel, [fd]) => kernel.close(int(fd))),
  pread: call(4, 4, (kernel, [fd, buffer = 0n, count = 0n, position = 0n]) =>
    kernel.pread(int(fd), buffer, count, position),
  ),
  pwrite: call(4, 4, (kernel, [fd, buffer = 0n, count = 0n, position = 0n]) =>
    kernel.pwrite(int(fd), buffer, count, position),
  ),
  ftruncate: call(2, 2, (kernel, [fd, length = 0n]) => kernel.ftruncate(int(fd), length)),
  fsync: call(1, 1, (kernel, [fd]) => kernel.fsync(int(fd))),
  fdatasync: call(1, 1, (kernel, [fd]) => kernel.fdatasync(int(fd))),
};

/** System calls on memory, allocations and accesses. */
const MEMORY_CALLS: Readonly<Record<string, Signature>> = {
  brk: call(1, 1, (kernel, [address = 0n]) => kernel.syscall("brk", address)),
  sbrk: call(1, 1, (kernel, [increment]) => kernel.sbrk(int(increment))),
  mmap: call(2, 6, (kernel, [address = 0n, length = 0n, prot, flags, fd, offset]) =>
    kernel.mmap(
      address,
      length,
      prot === undefined ? undefined : int(prot),
      flags === undefined ? undefined : int(flags),
      fd === undefined ? undefined : int(fd),
      offset,
    ),
  ),
  munmap: call(2, 2, (kernel, [address = 0n, length = 0n]) => kernel.munmap(address, length)),
  mremap: call(3, 5, (kernel, [address = 0n, old = 0n, length = 0n, flags, to]) =>
    kernel.mremap(address, old, length, int(flags), to),
  ),
  mprotect: call(3, 3, (kernel, [address = 0n, length = 0n, prot]) =>
    kernel.mprotect(address, length, int(prot)),
  ),
  madvise: call(3, 3, (kernel, [address = 0n, length = 0n, advice]) =>
    kernel.madvise(address, length, int(advice)),
  ),
  msync: call(3, 3, (kernel, [address = 0n, length = 0n, flags]) =>
    kernel.msync(address, length, int(flags)),
  ),
  mincore: call(2, 3, (kernel, [address = 0n, length = 0n, vector]) => {
    if (vector === undefined && length > VECTOR_PAGES * 4096n)
      throw scriptProblem(`mincore without a vector takes at most ${VECTOR_PAGES} pages`);
    return kernel.mincore(address, length, vector ?? kernel.process.raw.scratch() >>> 0);
  }),
  mlock: call(2, 2, (kernel, [address = 0n, length = 0n]) => kernel.mlock(address, length)),
  mlock2: call(3, 3, (kernel, [address = 0n, length = 0n, flags]) =>
    kernel.mlock2(address, length, int(flags)),
  ),
  munlock: call(2, 2, (kernel, [address = 0n, length = 0n]) => kernel.munlock(address, length)),
  mlockall: call(1, 1, (kernel, [flags]) => kernel.mlockall(int(flags))),
  munlockall: call(0, 0, (kernel) => kernel.munlockall()),
  getrlimit: call(1, 1, (kernel, [resource]) => (kernel.getrlimit(int(resource)) ? 0 : -1)),
  setrlimit: call(3, 3, (kernel, [resource, cur, max]) =>
    kernel.setrlimit(int(resource), limits(cur, max)),
  ),
  prlimit: call(1, 3, (kernel, [resource, cur, max]) =>
    kernel.prlimit(int(resource), cur === undefined ? undefined : limits(cur, max)) ? 0 : -1,
  ),
  syscall: call(1, 7, (kernel, [nr, ...args]) => kernel.syscall(int(nr), ...args)),
  malloc: call(1, 1, (kernel, [size = 0n]) => kernel.process.malloc(size)),
  calloc: call(2, 2, (kernel, [number = 0n, size = 0n]) => kernel.process.calloc(number, size)),
  realloc: call(2, 2, (kernel, [block = 0n, size = 0n]) =>
    kernel.process.realloc(Number(block), size),
  ),
  memalign: call(2, 2, (kernel, [alignment = 0n, size = 0n]) =>
    kernel.process.memalign(alignment, size),
  ),
  free: call(1, 1, (kernel, [block = 0n]) => {
    kernel.process.free(Number(block));
    return 0;
  }),
  malloc_trim: call(1, 1, (kernel, [pad = 0n]) => Number(kernel.process.trim(pad))),
  mallopt: call(2, 2, (kernel, [param, value]) =>
    Number(kernel.process.mallopt(int(param), int(value))),
  ),
  read: call(2, 2, (kernel, [address = 0n, length = 0n]) => {
    kernel.touch(Number(address), Number(length), "read");
    return length;
  }),
  write: call(2, 2, (kernel, [address = 0n, length = 0n]) => {
    kernel.touch(Number(address), Number(length), "write");
    return length;
  }),
  fill: call(3, 3, (kernel, [address = 0n, length = 0n, byte = 0n]) => {
    kernel.write(Number(address), new Uint8Array(Number(length)).fill(Number(byte)));
    return length;
  }),
};

const CALLS = { ...MEMORY_CALLS, ...FILE_CALLS };

/** Calls that print a file of /proc/self instead of doing anything. */
const TEXTS = {
  maps: (kernel: Kernel) => kernel.maps(),
  smaps: (kernel: Kernel) => kernel.smaps(),
  smaps_rollup: (kernel: Kernel) => kernel.smapsRollup(),
  status: (kernel: Kernel) => kernel.status(),
  statm: (kernel: Kernel) => kernel.statm(),
} as const;

/** Names that stand for settings of the kernel in `sysctl(NAME, VALUE)`. */
const OPTION_NAMES = Object.keys(KernelOption) as KernelOptionName[];

/** @returns the names of all calls that a script can make */
export function scriptCalls(): string[] {
  return [...Object.keys(CALLS), ...Object.keys(OTHERS)];
}

/** What a script has to say besides its system calls. */
export interface ScriptOutput {
  /** Takes the text of a file of /proc that the script asks for. */
  readonly print: (text: string) => void;
  /** Told of an access that a signal would have answered, before it ends the script. */
  readonly onFault: (fault: MemoryFault) => void;
}

/**
 * Runs a script to its end, or to the first access that a signal would have answered.
 * @param file the script's name, for messages
 * @throws UserError `FILE:LINE: REASON`
 */
export function runScript(
  calls: readonly ScriptCall[],
  kernel: Kernel,
  file: string,
  { print, onFault }: ScriptOutput,
): void {
  for (const each of calls) inLine(file, each.line, () => checkCall(each));
  const names = new Map<string, bigint>(
    OPTION_NAMES.map((name) => [name, BigInt(KernelOption[name])]),
  );
  for (const each of calls) {
    inLine(file, each.line, () => {
      try {
        if (Object.hasOwn(TEXTS, each.name)) {
          print(TEXTS[each.name as keyof typeof TEXTS](kernel));
          return;
        }
        const value = BigInt(runCall(each, kernel, names));
        if (each.result !== undefined) names.set(each.result, value);
      } catch (error) {
        // An argument that no such function can take: too large for its type.
        if (error instanceof RangeError) throw scriptProblem(error.message);
        if (error instanceof MemoryFault) onFault(error);
        else if (!(error instanceof HeapAbort)) throw error;
        throw new UserError(`${file}:${each.line}: ${error.message}`);
      }
    });
  }
}

/** The settings' call, which needs the kernel's names; open, which takes a text; the texts take nothing. */
const OTHERS: Readonly<Record<string, Signature>> = {
  sysctl: call(2, 2, setOption),
  open: call(2, 3, () => 0),
  ...Object.fromEntries(Object.keys(TEXTS).map((name) => [name, call(0, 0, () => 0)])),
};

function signatureOf(name: string): Signature {
  const found = [CALLS, OTHERS].find((table) => Object.hasOwn(table, name))?.[name];
  if (found !== undefined) return found;
  throw scriptProblem(`unknown call '${name}' (there are ${scriptCalls().join(", ")})`);
}

/** Finds what is wrong with a call before anything runs. */
function checkCall({ name, args }: ScriptCall): void {
  const { least, most } = signatureOf(name);
  if (args.length >= least && args.length <= most) return;
  const wanted = least === most ? String(least) : `${least} to ${most}`;
  const noun = wanted === "1" ? "argument" : "arguments";
  throw scriptProblem(`${name} takes ${wanted} ${noun}, not ${args.length}`);
}

function runCall(each: ScriptCall, kernel: Kernel, names: ReadonlyMap<string, bigint>): Size {
  const values = each.args.map((argument) => argument(names));
  if (each.name !== "open") return signatureOf(each.name).run(kernel, values.map(numberOf));
  const [path, ...rest] = values;
  if (typeof path !== "string") throw scriptProblem('open takes a path in quotes: open("FILE", …)');
  const [flags, mode] = rest.map(numberOf);
  const fd = kernel.open(path, int(flags), mode === undefined ? undefined : int(mode));
  // The guest makes no call for it, so no line would say what went wrong.
  if (fd < 0) throw scriptProblem(`cannot open ${path}: ${errnoMessage(kernel.errno)}`);
  return fd;
}

function setOption(kernel: Kernel, [id, value]: bigint[]): Size {
  const name = OPTION_NAMES.find((each) => BigInt(KernelOption[each]) === id);
  if (name === undefined || value === undefined) {
    throw scriptProblem(`sysctl takes one of ${OPTION_NAMES.join(", ")} and a value`);
  }
  kernel.setOption(name, Number(value));
  return 0;
}

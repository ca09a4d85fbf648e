// The cases of LTP's
// testcases/kernel/syscalls/{madvise,msync,mincore,mlock,mlock2,mlockall,munlock,munlockall,getrlimit,setrlimit}
// and testcases/kernel/mem/tunable, named after the file and, where it has a table, the row.

import { expect } from "vitest";
import { ERRNO, KernelOption, MADV, MAP, MCL, MS, PAGE, PROT, RLIMIT, SIGSEGV } from "./kit.js";
import type { Cases, Kit } from "./kit.js";

type Case = [string, (k: Kit) => void];

/** Two pages, and nothing behind them. */
function twoPagesAndHole(k: Kit, kind: number = MAP.PRIVATE): number {
  const at = k.map(3, PROT.RW, kind);
  k.ok("munmap", at + 2 * PAGE, PAGE);
  return at;
}

/**
 * The advice that succeeds on anonymous memory; those of the original's table that this kernel
 * knows.
 */
const ACCEPTED = [
  ...(["NORMAL", "RANDOM", "SEQUENTIAL", "WILLNEED", "DONTNEED", "DONTFORK", "DOFORK"] as const),
  ...(["MERGEABLE", "UNMERGEABLE", "HUGEPAGE", "NOHUGEPAGE", "DONTDUMP", "DODUMP"] as const),
  ...(["FREE", "WIPEONFORK", "KEEPONFORK", "COLD", "PAGEOUT"] as const),
  ...(["POPULATE_READ", "POPULATE_WRITE"] as const),
];

const madviseCases: Cases = {
  ...Object.fromEntries(
    ACCEPTED.map((name): Case => [
      `madvise01: MADV_${name}`,
      (k) => void k.ok("madvise", k.map(4), 4 * PAGE, MADV[name]),
    ]),
  ),
  "madvise01: MADV_REMOVE": (k) => {
    const at = k.map(4, PROT.RW, MAP.SHARED);
    k.fill(at, 4, 7);
    k.ok("madvise", at, 4 * PAGE, MADV.REMOVE);
    expect(k.holds(at, 4, 0)).toBe(true);
  },
  "madvise02: MADV_NORMAL unaligned": (k) =>
    k.fails("EINVAL", "madvise", k.map(2) + 100, PAGE, MADV.NORMAL),
  "madvise02: unknown advice": (k) => k.fails("EINVAL", "madvise", k.map(2), PAGE, 1212),
  "madvise02: MADV_REMOVE of locked pages": (k) => {
    const at = k.map(1, PROT.RW, MAP.SHARED);
    k.ok("mlock", at, PAGE);
    k.fails("EINVAL", "madvise", at, PAGE, MADV.REMOVE);
  },
  "madvise02: MADV_DONTNEED of locked pages": (k) => {
    const at = k.map(1);
    k.ok("mlock", at, PAGE);
    k.fails("EINVAL", "madvise", at, PAGE, MADV.DONTNEED);
  },
  "madvise02: MADV_FREE of shared memory": (k) =>
    k.fails("EINVAL", "madvise", k.map(1, PROT.RW, MAP.SHARED), PAGE, MADV.FREE),
  "madvise02: MADV_WIPEONFORK of shared memory": (k) =>
    k.fails("EINVAL", "madvise", k.map(1, PROT.RW, MAP.SHARED), PAGE, MADV.WIPEONFORK),
  ...Object.fromEntries(
    (["NORMAL", "WILLNEED", "DONTFORK", "DOFORK", "MERGEABLE", "UNMERGEABLE"] as const).map(
      (name): Case => [
        `madvise02: MADV_${name} over a hole`,
        (k) => k.fails("ENOMEM", "madvise", twoPagesAndHole(k), 3 * PAGE, MADV[name]),
      ],
    ),
  ),
  "madvise03: private anonymous memory": (k) => {
    const at = k.map(10);
    k.fill(at, 10, 9);
    k.ok("madvise", at, 10 * PAGE, MADV.DONTNEED);
    expect(k.resident(at, 10 * PAGE)).toEqual(Array<number>(10).fill(0));
    expect(k.holds(at, 10, 0)).toBe(true);
  },
  madvise12: (k) => {
    const at = k.map(3);
    k.fill(at, 3, 5);
    k.ok("madvise", at + PAGE, PAGE, MADV.GUARD_INSTALL);
    expect([k.read(at), k.read(at + PAGE), k.write(at + PAGE, 1)]).toEqual([5, -SIGSEGV, SIGSEGV]);
    k.ok("madvise", at + PAGE, PAGE, MADV.GUARD_REMOVE);
    expect([k.read(at + PAGE), k.read(at + 2 * PAGE)]).toEqual([0, 5]);
  },
};

const askingCases: Cases = {
  "msync03: MS_INVALIDATE of locked pages": (k) => {
    const at = k.map(1, PROT.RW, MAP.SHARED);
    k.ok("mlock", at, PAGE);
    k.fails("EBUSY", "msync", at, PAGE, MS.INVALIDATE);
  },
  "msync03: MS_ASYNC and MS_SYNC": (k) =>
    k.fails("EINVAL", "msync", k.map(1), PAGE, MS.ASYNC | MS.SYNC),
  "msync03: unknown flag": (k) => k.fails("EINVAL", "msync", k.map(1), PAGE, MS.INVALIDATE + 8),
  "msync03: unaligned": (k) => k.fails("EINVAL", "msync", k.map(1) + 1, PAGE, MS.SYNC),
  "msync03: unaligned, in nothing": (k) =>
    k.fails("EINVAL", "msync", k.taskSize - 1, PAGE, MS.SYNC),
  "msync03: nothing mapped": (k) => {
    const at = twoPagesAndHole(k) + 2 * PAGE;
    k.fails("ENOMEM", "msync", at, PAGE, MS.SYNC);
  },
  "mincore01: unaligned": (k) => k.fails("EINVAL", "mincore", k.map(1) + 1, PAGE, k.scratch),
  "mincore01: bad vector": (k) => k.fails("EFAULT", "mincore", k.map(1), PAGE, k.taskSize - PAGE),
  "mincore01: beyond the mapping": (k) => {
    const vector = k.scratch;
    k.fails("ENOMEM", "mincore", twoPagesAndHole(k), 3 * PAGE, vector);
  },
  "mincore01: huge length": (k) => k.fails("ENOMEM", "mincore", k.map(1), -PAGE, k.scratch),
  "mincore03: untouched": (k) => expect(k.resident(k.map(3), 3 * PAGE)).toEqual([0, 0, 0]),
  "mincore03: locked": (k) => {
    const at = k.map(3);
    k.ok("mlock", at, 3 * PAGE);
    expect(k.resident(at, 3 * PAGE)).toEqual([1, 1, 1]);
  },
};

const locked = (k: Kit): number => k.m.mm("lockedVm");

const lockingCases: Cases = {
  ...Object.fromEntries(
    [1, PAGE - 1, PAGE, PAGE + 1].map((length): Case => [
      `mlock01: ${length} bytes`,
      (k) => {
        k.ok("mlock", k.map(2), length);
        expect(locked(k)).toBe(Math.ceil(length / PAGE));
      },
    ]),
  ),
  "mlock02: nothing mapped": (k) => k.fails("ENOMEM", "mlock", twoPagesAndHole(k) + 2 * PAGE, PAGE),
  "mlock02: over the limit": (k) => {
    k.lower(RLIMIT.MEMLOCK, 2 * PAGE);
    k.fails("ENOMEM", "mlock", k.map(3), 3 * PAGE);
  },
  "mlock02: limit 0": (k) => {
    k.lower(RLIMIT.MEMLOCK, 0);
    k.fails("EPERM", "mlock", k.map(1), PAGE);
  },
  mlock03: (k) => {
    for (let i = 0; i < 4; i++) k.map(i + 1, i % 2 ? PROT.READ : PROT.RW);
    for (const { start, end } of k.m.regions()) k.ok("mlock", start, end - start);
    expect(locked(k)).toBe(k.m.mm("totalVm"));
    for (const { start, end } of k.m.regions()) k.ok("munlock", start, end - start);
    expect(locked(k)).toBe(0);
  },
  mlock05: (k) => {
    const at = k.map(64);
    k.ok("mlock", at, 64 * PAGE);
    expect(locked(k)).toBe(64);
    expect(k.resident(at, 64 * PAGE)).toEqual(Array<number>(64).fill(1));
  },
  ...Object.fromEntries(
    (
      [
        [0, 3],
        [1, 3],
      ] as const
    ).map(([flags, pages]): Case => [
      `mlock201: flags ${flags}`,
      (k) => {
        const at = k.map(pages);
        k.ok("mlock2", at, pages * PAGE, flags);
        expect(locked(k)).toBe(pages);
        expect(k.resident(at, pages * PAGE)).toEqual(Array<number>(pages).fill(1 - flags));
        k.fill(at, pages, 1);
        expect(k.resident(at, pages * PAGE)).toEqual(Array<number>(pages).fill(1));
      },
    ]),
  ),
  "mlock202: unknown flags": (k) => k.fails("EINVAL", "mlock2", k.map(1), PAGE, -1),
  "mlock202: nothing mapped": (k) =>
    k.fails("ENOMEM", "mlock2", twoPagesAndHole(k) + 2 * PAGE, PAGE, 0),
  "mlock202: over the limit": (k) => {
    k.lower(RLIMIT.MEMLOCK, 2 * PAGE);
    k.fails("ENOMEM", "mlock2", k.map(3), 3 * PAGE, 0);
  },
  "mlock202: limit 0": (k) => {
    k.lower(RLIMIT.MEMLOCK, 0);
    k.fails("EPERM", "mlock2", k.map(1), PAGE, 0);
  },
  mlock203: (k) => {
    const at = k.map(3);
    k.ok("mlock2", at, 3 * PAGE, 1);
    expect(locked(k)).toBe(3);
    k.ok("mlock2", at, 3 * PAGE, 1);
    k.ok("mlock", at, 3 * PAGE);
    expect(locked(k)).toBe(3);
  },
  ...Object.fromEntries(
    Object.entries({ MCL_CURRENT: MCL.CURRENT, MCL_FUTURE: MCL.FUTURE, both: 3 }).map(
      ([name, flags]): Case => [
        `mlockall01: ${name}`,
        (k) => {
          k.map(2);
          k.ok("mlockall", flags);
          expect(locked(k)).toBe(flags & MCL.CURRENT ? k.m.mm("totalVm") : 0);
          const at = k.map(1, PROT.READ);
          expect(k.isLocked(at)).toBe((flags & MCL.FUTURE) !== 0);
        },
      ],
    ),
  ),
  "mlockall02: over the limit": (k) => {
    k.map(8);
    k.lower(RLIMIT.MEMLOCK, 2 * PAGE);
    k.fails("ENOMEM", "mlockall", MCL.CURRENT);
  },
  "mlockall02: limit 0": (k) => {
    k.lower(RLIMIT.MEMLOCK, 0);
    k.fails("EPERM", "mlockall", MCL.CURRENT);
  },
  "mlockall03: unknown flag": (k) => k.fails("EINVAL", "mlockall", 0x1000),
  munlock01: (k) => {
    const at = k.map(2);
    for (const length of [1, PAGE, PAGE + 1]) {
      k.ok("mlock", at, length);
      k.ok("munlock", at, length);
      expect(locked(k)).toBe(0);
    }
  },
  munlock02: (k) => k.fails("ENOMEM", "munlock", twoPagesAndHole(k) + 2 * PAGE, PAGE),
  munlockall01: (k) => {
    k.map(2, PROT.RW, MAP.PRIVATE | MAP.LOCKED);
    expect(locked(k)).toBe(2);
    k.ok("munlockall");
    expect(locked(k)).toBe(0);
  },
};

const limitCases: Cases = {
  getrlimit01: (k) => {
    for (let which = 0; which < 16; which++) k.limits(which);
  },
  "getrlimit02: bad address": (k) => k.fails("EFAULT", "getrlimit", RLIMIT.AS, k.taskSize - PAGE),
  "getrlimit02: bad resource": (k) => k.fails("EINVAL", "getrlimit", 17, k.scratch),
  getrlimit03: (k) => {
    // The struct of the old call and that of the new one tell the same.
    expect(k.setLimit(RLIMIT.DATA, 12345, 2 ** 30)).toBe(0);
    k.ok("getrlimit", RLIMIT.DATA, k.scratch);
    const fields = [0, 1].map((i) =>
      k.m.process.readWord(k.scratch + i * (k.m.abi === "lp64" ? 8 : 4)),
    );
    expect(fields).toEqual([12345, 2 ** 30]);
  },
  setrlimit02: (k) => {
    expect(k.setLimit(RLIMIT.MEMLOCK, 0, 4096)).toBe(0);
    expect(k.setLimit(RLIMIT.MEMLOCK, 0, 8192)).toBe(-ERRNO.EPERM);
  },
  "setrlimit03: raising the hard limit": (k) =>
    expect(k.setLimit(RLIMIT.MEMLOCK, 0, k.limits(RLIMIT.MEMLOCK).hard + 1n)).toBe(-ERRNO.EPERM),
  "setrlimit03: soft above hard": (k) => expect(k.setLimit(RLIMIT.AS, 2, 1)).toBe(-ERRNO.EINVAL),
  setrlimit05: (k) => k.fails("EFAULT", "setrlimit", RLIMIT.AS, k.taskSize - PAGE),
};

const RAM_PAGES = 16384;

/** Puts the kernel on a machine of 64 MiB, with 16 MiB of swap. */
function onSmallMachine(k: Kit, mode: number, ratio = 50): void {
  k.m.option(KernelOption.TOTAL_RAM_PAGES, RAM_PAGES);
  k.m.option(KernelOption.SWAP_PAGES, RAM_PAGES / 4);
  k.m.option(KernelOption.OVERCOMMIT_MEMORY, mode);
  k.m.option(KernelOption.OVERCOMMIT_RATIO, ratio);
}

const ALL = RAM_PAGES + RAM_PAGES / 4;
const COMMIT_LIMIT = RAM_PAGES / 2 + RAM_PAGES / 4;

const tunableCases: Cases = {
  max_map_count: (k) => {
    const limit = 1000;
    k.m.option(KernelOption.MAX_MAP_COUNT, limit);
    let made = 0;
    // Neighbours differ, so that none merge.
    while (
      k.m.call(
        "mmap",
        0,
        PAGE,
        made++ % 2 ? PROT.READ : PROT.NONE,
        MAP.PRIVATE | MAP.ANONYMOUS,
        -1,
        0,
      ) >= 0
    );
    expect(k.m.mm("mapCount")).toBe(limit + 1);
  },
  "overcommit_memory: heuristic, half of everything": (k) => {
    onSmallMachine(k, 0);
    k.map(ALL / 2);
  },
  "overcommit_memory: heuristic, more than everything": (k) => {
    onSmallMachine(k, 0);
    k.mapFails("ENOMEM", (ALL + 1) * PAGE);
  },
  "overcommit_memory: never, below the limit": (k) => {
    onSmallMachine(k, 2);
    k.map(COMMIT_LIMIT / 2);
  },
  "overcommit_memory: never, over the limit": (k) => {
    onSmallMachine(k, 2);
    k.mapFails("ENOMEM", (COMMIT_LIMIT + 1) * PAGE);
  },
  "overcommit_memory: never, twice over the limit": (k) => {
    onSmallMachine(k, 2);
    k.mapFails("ENOMEM", 2 * COMMIT_LIMIT * PAGE);
  },
  "overcommit_memory: always, half of everything": (k) => {
    onSmallMachine(k, 1);
    k.map(ALL / 2);
  },
  "overcommit_memory: always, everything": (k) => {
    onSmallMachine(k, 1);
    k.map(ALL);
  },
  "overcommit_memory: always, twice everything": (k) => {
    onSmallMachine(k, 1);
    k.map(2 * ALL);
  },
};

export const ltpOtherCases: Cases = {
  ...madviseCases,
  ...askingCases,
  ...lockingCases,
  ...limitCases,
  ...tunableCases,
};

// The cases of gVisor's
// test/syscalls/linux/{brk,munmap,mremap,madvise,msync,mincore,proc_pid_smaps,rlimits}.cc that need
// neither files nor processes. Their names are the originals'; what is parametrised there has its
// parameter behind the name.

import { expect } from "vitest";
import { procLimits } from "../../../src/kernel/proc/limits.js";
import { smapsEntry } from "../../../src/kernel/proc/smaps.js";
import { usageOf } from "../../../src/kernel/usage.js";
import { walkVmas } from "../../../src/kernel/vmas.js";
import { flagCodes } from "../support/sequence.js";
import { ERRNO, KernelOption, MADV, MAP, MREMAP, MS, PAGE, PROT, RLIMIT, SIGBUS } from "./kit.js";
import type { Cases, Kit } from "./kit.js";

const FIXED = MREMAP.MAYMOVE | MREMAP.FIXED;

/** A case once for private and once for shared memory. */
function bothKinds(
  name: string,
  run: (k: Kit, kind: number) => void,
): [string, (k: Kit) => void][] {
  return [
    [`${name}/MAP_PRIVATE`, (k) => run(k, MAP.PRIVATE)],
    [`${name}/MAP_SHARED`, (k) => run(k, MAP.SHARED)],
  ];
}

/** What is mapped, a letter a page. */
const mapped = (k: Kit, at: number, pages: number): string =>
  Array.from({ length: pages }, (_, i) => (k.isMapped(at + i * PAGE) ? "x" : "-")).join("");

/** Memory that the next mapping does not touch. */
function hole(k: Kit, pages: number): number {
  const at = k.map(pages, PROT.NONE);
  k.ok("munmap", at, pages * PAGE);
  return at;
}

export const mremapCases: Cases = Object.fromEntries([
  ...bothKinds("MremapParamTest.Noop", (k, kind) => {
    const at = k.map(1, PROT.NONE, kind);
    expect(k.ok("mremap", at, PAGE, PAGE, 0, 0)).toBe(at);
    expect(k.isMapped(at)).toBe(true);
  }),
  ...bothKinds("MremapParamTest.InPlace_ShrinkingWholeVMA", (k, kind) => {
    const at = k.map(2, PROT.NONE, kind);
    expect(k.ok("mremap", at, 2 * PAGE, PAGE, 0, 0)).toBe(at);
    expect(mapped(k, at, 2)).toBe("x-");
  }),
  ...bothKinds("MremapParamTest.InPlace_ShrinkingPartialVMA", (k, kind) => {
    const at = k.map(3, PROT.NONE, kind);
    expect(k.ok("mremap", at, 2 * PAGE, PAGE, 0, 0)).toBe(at);
    expect(mapped(k, at, 3)).toBe("x-x");
  }),
  ...bothKinds("MremapParamTest.InPlace_ShrinkingAcrossVMAs", (k, kind) => {
    const at = k.map(3, PROT.READ, kind);
    k.ok("mprotect", at, PAGE, PROT.NONE);
    expect(k.ok("mremap", at, 3 * PAGE, 2 * PAGE, 0, 0)).toBe(at);
    expect(mapped(k, at, 3)).toBe("xx-");
  }),
  ...bothKinds("MremapParamTest.InPlace_ExpansionSuccess", (k, kind) => {
    const at = k.map(2, PROT.NONE, kind);
    k.ok("munmap", at + PAGE, PAGE);
    expect(k.ok("mremap", at, PAGE, 2 * PAGE, 0, 0)).toBe(at);
    expect(mapped(k, at, 2)).toBe("xx");
  }),
  ...bothKinds("MremapParamTest.InPlace_ExpansionFailure", (k, kind) => {
    const at = k.map(3, PROT.NONE, kind);
    k.ok("munmap", at + PAGE, PAGE);
    k.fails("ENOMEM", "mremap", at, PAGE, 3 * PAGE, 0, 0);
    expect(mapped(k, at, 3)).toBe("x-x");
  }),
  // Of shared memory the third page would be in two places.
  [
    "MremapParamTest.MayMove_Expansion/MAP_PRIVATE",
    (k: Kit) => {
      const at = k.map(3, PROT.NONE);
      k.ok("munmap", at + PAGE, PAGE);
      const moved = k.ok("mremap", at, PAGE, 3 * PAGE, MREMAP.MAYMOVE, 0);
      expect(moved).not.toBe(at);
      expect(mapped(k, moved, 3)).toBe("xxx");
      // The first page is free, unless the new place lies over it.
      expect(k.isMapped(at + 2 * PAGE)).toBe(true);
      if (moved > at + PAGE || moved + 3 * PAGE <= at) expect(mapped(k, at, 3)).toBe("--x");
    },
  ],
  ...bothKinds("MremapParamTest.Fixed_SourceAndDestinationCannotOverlap", (k, kind) => {
    const at = k.map(1, PROT.NONE, kind);
    k.fails("EINVAL", "mremap", at, PAGE, PAGE, FIXED, at);
    expect(k.isMapped(at)).toBe(true);
  }),
  ...bothKinds("MremapParamTest.Fixed_SameSize", (k, kind) => {
    const from = k.map(1, PROT.NONE, kind);
    const to = hole(k, 1);
    expect(k.ok("mremap", from, PAGE, PAGE, FIXED, to)).toBe(to);
    expect(mapped(k, from, 1) + mapped(k, to, 1)).toBe("-x");
  }),
  ...bothKinds("MremapParamTest.Fixed_SameSize_Unmapping", (k, kind) => {
    const from = k.map(1, PROT.NONE, kind);
    const to = k.map(1, PROT.NONE, kind);
    expect(k.ok("mremap", from, PAGE, PAGE, FIXED, to)).toBe(to);
    expect(mapped(k, from, 1) + mapped(k, to, 1)).toBe("-x");
  }),
  ...bothKinds("MremapParamTest.Fixed_ShrinkingWholeVMA", (k, kind) => {
    const from = k.map(2, PROT.NONE, kind);
    const to = hole(k, 2);
    expect(k.ok("mremap", from, 2 * PAGE, PAGE, FIXED, to)).toBe(to);
    expect(mapped(k, from, 2) + mapped(k, to, 2)).toBe("--x-");
  }),
  ...bothKinds("MremapParamTest.Fixed_ShrinkingPartialVMA", (k, kind) => {
    const from = k.map(3, PROT.NONE, kind);
    const to = hole(k, 2);
    expect(k.ok("mremap", from, 2 * PAGE, PAGE, FIXED, to)).toBe(to);
    expect(mapped(k, from, 3) + mapped(k, to, 2)).toBe("--xx-");
  }),
  ...bothKinds("MremapParamTest.Fixed_ShrinkingAcrossVMAs", (k, kind) => {
    // 6.18 looks first and changes nothing: versions.test.ts.
    k.m.option(KernelOption.KERNEL_VERSION, 6001);
    const from = k.map(3, PROT.READ, kind);
    k.ok("mprotect", from, PAGE, PROT.NONE);
    const to = k.map(2, PROT.NONE, kind);
    k.fails("EFAULT", "mremap", from, 3 * PAGE, 2 * PAGE, FIXED, to);
    // Although it failed, what was to be cut off and what lay at the destination are gone.
    expect(mapped(k, from, 3) + mapped(k, to, 2)).toBe("xx---");
  }),
  ...bothKinds("MremapParamTest.Fixed_Expansion", (k, kind) => {
    const from = k.map(1, PROT.NONE, kind);
    const to = hole(k, 2);
    expect(k.ok("mremap", from, PAGE, 2 * PAGE, FIXED, to)).toBe(to);
    expect(mapped(k, from, 1) + mapped(k, to, 2)).toBe("-xx");
  }),
  [
    "MremapDeathTest.SharedAnon",
    (k: Kit) => {
      const at = k.map(4, PROT.NONE);
      k.map(2, PROT.RW, MAP.SHARED | MAP.FIXED, at);
      k.fill(at, 1, 0x61);
      k.fill(at + PAGE, 1, 0x62);
      expect(k.ok("mremap", at, 2 * PAGE, PAGE, 0, at)).toBe(at);
      expect(k.ok("mremap", at, PAGE, 3 * PAGE, FIXED, at + PAGE)).toBe(at + PAGE);
      expect(k.holds(at + PAGE, 1, 0x61)).toBe(true);
      expect(k.holds(at + 2 * PAGE, 1, 0x62)).toBe(true);
      expect(k.read(at + 3 * PAGE)).toBe(-SIGBUS);
    },
  ],
  [
    "MremapTest.InPlace_Copy",
    (k: Kit) => k.fails("ENOMEM", "mremap", k.map(1, PROT.NONE, MAP.SHARED), 0, PAGE, 0, 0),
  ],
]);

export const munmapCases: Cases = {
  "MunmapTest.HappyCase": (k) => {
    const at = k.map(1);
    k.ok("munmap", at, PAGE);
    expect(k.isMapped(at)).toBe(false);
  },
  "MunmapTest.ZeroLength": (k) => k.fails("EINVAL", "munmap", k.map(1), 0),
  "MunmapTest.LastPageRoundUp": (k) => k.fails("EINVAL", "munmap", k.map(1), -PAGE + 1),
};

export const brkCases: Cases = {
  "BrkTest.BrkSyscallReturnsOldBrkOnFailure": (k) => {
    const before = k.brk;
    expect(k.ok("brk", -1)).toBe(before);
  },
};

export const madviseCases: Cases = {
  "MadviseDontneedTest.ZerosPrivateAnonPage": (k) => {
    const at = k.map(1);
    expect(k.holds(at, 1, 0)).toBe(true);
    k.fill(at, 1, 1);
    k.ok("madvise", at, PAGE, MADV.DONTNEED);
    expect(k.holds(at, 1, 0)).toBe(true);
  },
  "MadviseDontneedTest.DoesNotModifySharedAnonPage": (k) => {
    const at = k.map(1, PROT.RW, MAP.SHARED);
    k.fill(at, 1, 3);
    k.ok("madvise", at, PAGE, MADV.DONTNEED);
    expect(k.holds(at, 1, 3)).toBe(true);
  },
  "MadviseDontneedTest.IgnoresPermissions": (k) => {
    k.ok("madvise", k.map(1, PROT.NONE), PAGE, MADV.DONTNEED);
  },
  "MadviseDontforkTest.AddressLength": (k) => {
    const at = k.map(1, PROT.NONE);
    k.fails("EINVAL", "madvise", at + 1, PAGE, MADV.DONTFORK);
    k.ok("madvise", at, 0, MADV.DONTFORK);
    k.fails("EINVAL", "madvise", 0, -1 - PAGE / 2, MADV.DONTFORK);
    k.ok("madvise", at, 1, MADV.DONTFORK);
    k.ok("madvise", at, PAGE, MADV.DONTFORK);
  },
};

const SYNC_FLAGS = { MS_SYNC: MS.SYNC, MS_ASYNC: MS.ASYNC, none: 0 } as const;
const SYNCABLE = [
  { name: "private read-only", prot: PROT.READ, kind: MAP.PRIVATE },
  { name: "shared read-only", prot: PROT.READ, kind: MAP.SHARED },
  { name: "private writable", prot: PROT.RW, kind: MAP.PRIVATE },
  { name: "shared writable", prot: PROT.RW, kind: MAP.SHARED },
] as const;

/** A case for each kind of synchronisation and each kind of memory. */
function synced(
  name: string,
  run: (k: Kit, at: number, flags: number) => void,
): [string, (k: Kit) => void][] {
  return Object.entries(SYNC_FLAGS).flatMap(([flag, flags]) =>
    SYNCABLE.map(({ name: memory, prot, kind }): [string, (k: Kit) => void] => [
      `MsyncFullParamTest.${name}/${flag}, ${memory}`,
      (k) => run(k, k.map(1, prot, kind), flags),
    ]),
  );
}

export const msyncCases: Cases = Object.fromEntries([
  ...Object.entries(SYNC_FLAGS).flatMap(([flag, flags]): [string, (k: Kit) => void][] => [
    [
      `MsyncNoMappingTest.UnmappedAddressWithZeroLengthSucceeds/${flag}`,
      (k) => void k.ok("msync", 0, 0, flags),
    ],
    [
      `MsyncNoMappingTest.UnmappedAddressWithNonzeroLengthFails/${flag}`,
      (k) => k.fails("ENOMEM", "msync", 0, PAGE, flags),
    ],
  ]),
  ...SYNCABLE.map(({ name, prot, kind }): [string, (k: Kit) => void] => [
    `MsyncNoFlagsTest.BothSyncAndAsyncFails/${name}`,
    (k) => k.fails("EINVAL", "msync", k.map(1, prot, kind), PAGE, MS.SYNC | MS.ASYNC),
  ]),
  ...synced("NormallySucceeds", (k, at, flags) => void k.ok("msync", at, PAGE, flags)),
  ...synced("UnalignedLengthSucceeds", (k, at, flags) => void k.ok("msync", at, PAGE - 1, flags)),
  ...synced("UnalignedAddressFails", (k, at, flags) =>
    k.fails("EINVAL", "msync", at + 1, PAGE - 1, flags),
  ),
  ...synced(
    "InvalidateUnlockedSucceeds",
    (k, at, flags) => void k.ok("msync", at, PAGE, flags | MS.INVALIDATE),
  ),
]);

export const mincoreCases: Cases = {
  "MincoreTest.DirtyAnonPagesAreResident": (k) => {
    const at = k.map(10);
    k.fill(at, 10, 0);
    expect(k.resident(at, 10 * PAGE)).toEqual(Array<number>(10).fill(1));
  },
  "MincoreTest.UnalignedAddressFails": (k) => {
    const at = k.map(2);
    k.fill(at, 2, 0);
    k.fails("EINVAL", "mincore", at + PAGE / 2, PAGE, k.scratch);
  },
  "MincoreTest.UnalignedLengthSucceedsAndIsRoundedUp": (k) => {
    const at = k.map(2);
    k.fill(at, 2, 0);
    expect(k.resident(at, PAGE + PAGE / 2)).toEqual([1, 1]);
  },
  "MincoreTest.ZeroLengthSucceedsAndAllowsAnyVecBelowTaskSize": (k) => {
    k.ok("mincore", 0, 0, 0);
  },
  "MincoreTest.InvalidLengthFails": (k) => k.fails("ENOMEM", "mincore", 0, -1, 0),
};

const codesOf = (k: Kit, at: number): string[] =>
  flagCodes(k.regionOf(at)?.flags ?? 0).match(/../g) ?? [];

export const smapsCases: Cases = {
  "ProcPidSmapsTest.SharedAnon": (k) => {
    const before = k.m.mm("rssShmem");
    const at = k.map(2, PROT.RW, MAP.SHARED | MAP.POPULATE);
    expect(k.regionOf(at)?.end).toBe(at + 2 * PAGE);
    expect(k.resident(at, 2 * PAGE)).toEqual([1, 1]);
    expect(k.m.mm("rssShmem") - before).toBe(2);
    expect(codesOf(k, at)).toEqual(["rd", "wr", "sh", "mr", "mw", "me", "ms"]);
  },
  "ProcPidSmapsTest.GvisorFields": (k) => {
    k.map(2);
    k.map(1, PROT.READ, MAP.SHARED);
    const { process } = k.m;
    const vmas = [...walkVmas(process, { version: 6018, file: () => undefined })];
    expect(vmas.length).toBeGreaterThan(1);
    for (const vma of vmas) {
      const text = smapsEntry(vma, usageOf(process, vma));
      for (const field of SMAPS_FIELDS)
        expect(text).toMatch(new RegExp(`^${field}: +\\d+ kB$`, "m"));
      expect(text).toMatch(/^KernelPageSize: +4 kB\nMMUPageSize: +4 kB$/m);
      expect(text).toMatch(/^VmFlags: (\w\w )+$/m);
    }
  },
  "ProcPidSmapsTest.PrivateAnon": (k) => {
    const before = k.m.mm("rssAnon");
    const at = k.map(2, PROT.WRITE, MAP.PRIVATE | MAP.POPULATE);
    expect(k.m.mm("rssAnon") - before).toBe(2);
    const codes = codesOf(k, at);
    for (const code of ["wr", "mr", "mw", "me"]) expect(codes).toContain(code);
    for (const code of ["rd", "ex", "sh", "ms"]) expect(codes).not.toContain(code);
  },
};

/** What every entry of smaps has (Linux 4.4). */
const SMAPS_FIELDS = [
  ...["Size", "KernelPageSize", "MMUPageSize", "Rss", "Pss", "Shared_Clean", "Shared_Dirty"],
  ...["Private_Clean", "Private_Dirty", "Referenced", "Anonymous", "AnonHugePages"],
  ...["Shared_Hugetlb", "Private_Hugetlb", "Swap", "SwapPss", "Locked"],
];

export const rlimitCases: Cases = {
  "RlimitTest.SetRlimitRtPrio": (k) => {
    // Nothing here has a priority, but the limit is kept.
    expect(k.limits(RLIMIT.RTPRIO)).toEqual({ soft: 0n, hard: 0n });
    expect(k.setLimit(RLIMIT.RTPRIO, 0, 1)).toBe(-ERRNO.EPERM);
    k.m.option(KernelOption.CAP_SYS_RESOURCE, 1);
    expect(k.setLimit(RLIMIT.RTPRIO, 50, 99)).toBe(0);
    expect(k.limits(RLIMIT.RTPRIO)).toEqual({ soft: 50n, hard: 99n });
  },
  "RlimitTest.ParseProcPidLimits": (k) => {
    expect(k.setLimit(RLIMIT.AS, 2 ** 30, 2 ** 31)).toBe(0);
    const text = procLimits((which) => {
      const { soft, hard } = k.limits(which);
      return { cur: soft, max: hard };
    });
    const [heading, ...rows] = text.trimEnd().split("\n");
    expect(heading).toMatch(/^Limit {21}Soft Limit {11}Hard Limit {11}Units {5}$/);
    expect(rows).toHaveLength(16);
    for (const row of rows)
      expect(row).toMatch(/^Max [a-z ]{21} (\d+|unlimited) +(\d+|unlimited) +[a-z]* *$/);
    expect(text).toMatch(/^Max address space {9}1073741824 {11}2147483648 {11}bytes {5}$/m);
  },
  "RlimitTest.SetRlimitHigher": (k) => {
    k.m.option(KernelOption.CAP_SYS_RESOURCE, 1);
    expect(k.setLimit(RLIMIT.AS, 2 ** 30 - 1, 2 ** 30 - 1)).toBe(0);
    expect(k.limits(RLIMIT.AS)).toEqual({ soft: 2n ** 30n - 1n, hard: 2n ** 30n - 1n });
    expect(k.setLimit(RLIMIT.AS, 2 ** 30 - 1, 2 ** 30)).toBe(0);
  },
  "RlimitTest.UnprivilegedSetRlimit": (k) => {
    expect(k.setLimit(RLIMIT.MEMLOCK, 0, 0)).toBe(0);
    expect(k.limits(RLIMIT.MEMLOCK)).toEqual({ soft: 0n, hard: 0n });
    expect(k.setLimit(RLIMIT.MEMLOCK, 0, 1)).toBe(-ERRNO.EPERM);
  },
  "RlimitTest.SetSoftRlimitAboveHard": (k) => {
    k.m.option(KernelOption.CAP_SYS_RESOURCE, 1);
    expect(k.setLimit(RLIMIT.DATA, 4097, 4096)).toBe(-ERRNO.EINVAL);
  },
};

// What changed between Linux 6.1 and 6.18, by the kernel option KERNEL_VERSION. 6.18's side was
// seen on a kernel of that version (most of it is in the recordings, too); 6.1's side is that of
// its source and of suites written for kernels of its time.

import { describe, expect, test } from "vitest";
import { flagCodes } from "./support/sequence.js";
import { KernelOption, Kit, MAP, MADV, MPOL, MREMAP, PAGE, PROT } from "./conformance/kit.js";

const FIXED = MREMAP.MAYMOVE | MREMAP.FIXED;
const MIB = 2 ** 20;

const on = (version: number, abi: "ilp32" | "lp64" = "ilp32"): Kit => {
  const kit = new Kit(abi);
  kit.m.option(KernelOption.KERNEL_VERSION, version);
  return kit;
};
const mapped = (k: Kit, at: number, pages: number): string =>
  Array.from({ length: pages }, (_, i) => (k.isMapped(at + i * PAGE) ? "x" : "-")).join("");

/** Three pages, the first of which is a region of its own, and two others. */
function acrossRegions(k: Kit): { from: number; to: number } {
  const from = k.map(3, PROT.READ);
  k.ok("mprotect", from, PAGE, PROT.NONE);
  return { from, to: k.map(2, PROT.NONE) };
}

describe("mremap to a fixed place, over several regions, without a change of size (6.17)", () => {
  test("6.1 refuses", () => {
    const k = on(6001);
    const { from, to } = acrossRegions(k);
    k.fails("EFAULT", "mremap", from, 2 * PAGE, 2 * PAGE, FIXED, to);
  });

  test("6.18 moves them all", () => {
    const k = on(6018);
    const { from, to } = acrossRegions(k);
    expect(k.ok("mremap", from, 2 * PAGE, 2 * PAGE, FIXED, to)).toBe(to);
    expect(mapped(k, from, 3) + mapped(k, to, 2)).toBe("--xxx");
    expect(k.pieces(to, 2)).toBe(2);
  });
});

describe("a refused mremap to a fixed place", () => {
  test("6.1 has unmapped the destination and what was to be cut off", () => {
    const k = on(6001);
    const { from, to } = acrossRegions(k);
    k.fails("EFAULT", "mremap", from, 3 * PAGE, 2 * PAGE, FIXED, to);
    expect(mapped(k, from, 3) + mapped(k, to, 2)).toBe("xx---");
  });

  test("6.18 has changed nothing", () => {
    const k = on(6018);
    const { from, to } = acrossRegions(k);
    k.fails("EFAULT", "mremap", from, 3 * PAGE, 2 * PAGE, FIXED, to);
    expect(mapped(k, from, 3) + mapped(k, to, 2)).toBe("xxxxx");
  });
});

describe("private memory of whole huge pages (6.7)", () => {
  const place = (version: number): number => {
    const k = on(version, "lp64");
    k.map(1);
    return k.map((4 * MIB) / PAGE) % (2 * MIB);
  };

  test("6.1 puts it anywhere", () => expect(place(6001)).not.toBe(0));
  test("6.18 aligns it, in 64-bit programs", () => expect(place(6018)).toBe(0));
});

describe("MAP_STACK (6.7)", () => {
  const codes = (version: number): string => {
    const k = on(version);
    return flagCodes(k.regionOf(k.map(1, PROT.RW, MAP.PRIVATE | MAP.STACK))?.flags ?? 0);
  };

  test("6.1 ignores it", () => expect(codes(6001)).not.toContain("nh"));
  test("6.18 keeps huge pages away", () => expect(codes(6018)).toContain("nh"));
});

describe("the gap below a region that grows down (6.3)", () => {
  const GAP = 256;

  /** Where room is found below such a region that has others 98 and 140 pages below it. */
  const place = (version: number, room: number): number => {
    const kit = new Kit("ilp32", "top-down");
    kit.m.option(KernelOption.KERNEL_VERSION, version);
    const top = kit.map(1, PROT.RW, MAP.PRIVATE | MAP.GROWSDOWN);
    for (const distance of [100, 142])
      kit.map(2, PROT.NONE, MAP.PRIVATE | MAP.FIXED, top - distance * PAGE);
    return (top - kit.map(room)) / PAGE;
  };

  test("6.1 leaves all of it free", () => {
    expect(place(6001, 10)).toBe(GAP + 10);
    expect(place(6001, 99)).toBe(GAP + 99);
  });

  test("6.18 looks at it only where the room right below the region would do", () => {
    // 98 pages are free there: 10 would fit, so what begins in the gap is out.
    expect(place(6018, 10)).toBe(GAP + 10);
    expect(place(6018, 99)).toBe(142 + 99);
  });
});

describe("guard pages (6.13)", () => {
  test("6.1 does not know them", () => {
    const k = on(6001);
    k.fails("EINVAL", "madvise", k.map(1), PAGE, MADV.GUARD_INSTALL);
  });

  test("6.18 lets no access through", () => {
    const k = on(6018);
    const at = k.map(3);
    k.ok("madvise", at + PAGE, PAGE, MADV.GUARD_INSTALL);
    expect([k.read(at), k.read(at + PAGE), k.read(at + 2 * PAGE)]).toEqual([0, -11, 0]);
    k.ok("madvise", at + PAGE, PAGE, MADV.GUARD_REMOVE);
    expect(k.read(at + PAGE)).toBe(0);
  });
});

describe("accounted memory without pages that becomes read-only (6.16)", () => {
  const codes = (version: number): string => {
    const k = on(version);
    const at = k.map(1);
    k.ok("mprotect", at, PAGE, PROT.READ);
    return flagCodes(k.regionOf(at)?.flags ?? 0);
  };

  test("6.1 leaves it accounted", () => expect(codes(6001)).toContain("ac"));
  test("6.18 does not", () => expect(codes(6018)).not.toContain("ac"));
});

describe("mseal (6.10)", () => {
  test("6.1 does not know it", () => {
    const k = on(6001);
    k.fails("ENOSYS", "mseal", k.map(1), PAGE, 0);
    k.fails("ENOSYS", "mseal", 1, PAGE, -1);
  });

  test("6.18 has it", () => {
    const k = on(6018);
    const at = k.map(3);
    k.ok("mseal", at + PAGE, PAGE, 0);
    expect(flagCodes(k.regionOf(at + PAGE)?.flags ?? 0)).toMatch(/sl$/);
    k.fails("EPERM", "munmap", at + PAGE, PAGE);
    k.ok("munmap", at, PAGE);
  });
});

describe("policies of memory that is spread by weights (6.9)", () => {
  const spread = (k: Kit): [number, number, number, number, number, number] => {
    const at = k.map(1);
    k.m.process.view().setBigUint64(k.scratch, 1n, true);
    return [at, PAGE, MPOL.WEIGHTED_INTERLEAVE, k.scratch, 64, 0];
  };

  test("6.1 does not know them", () => {
    const k = on(6001);
    k.fails("EINVAL", "mbind", ...spread(k));
  });

  test("6.18 does", () => {
    const k = on(6018);
    k.ok("mbind", ...spread(k));
  });
});

describe("private memory that cannot be promised, over other memory (6.12)", () => {
  const left = (version: number): string => {
    const k = on(version);
    const at = k.map(3, PROT.READ);
    k.m.option(KernelOption.OVERCOMMIT_MEMORY, 2);
    k.m.option(KernelOption.OVERCOMMIT_KBYTES, 4);
    k.mapFails("ENOMEM", PAGE, PROT.RW, MAP.PRIVATE | MAP.ANONYMOUS | MAP.FIXED, at + PAGE);
    k.mapFails("ENOMEM", PAGE, PROT.RW, MAP.PRIVATE | MAP.ANONYMOUS, 0);
    return mapped(k, at, 3);
  };

  test("6.1 has unmapped that", () => expect(left(6001)).toBe("x-x"));
  test("6.18 has not", () => expect(left(6018)).toBe("xxx"));
});

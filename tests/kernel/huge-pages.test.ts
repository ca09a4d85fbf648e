// mmap with MAP_HUGETLB on a machine without such pages: what Linux looks at before it finds that
// out. All of it was seen on Linux 6.18.44 with vm.nr_hugepages 0, i386 and x86-64, where addresses
// were of that machine.

import { describe, expect, test } from "vitest";
import type { ERRNO } from "./conformance/kit.js";
import { ADDRESS, Kit, MAP, PAGE, PROT, RLIMIT } from "./conformance/kit.js";

const HUGE = 2 ** 21;
const ALIGNED = Math.ceil(ADDRESS / HUGE) * HUGE;
const TAKEN = ALIGNED + 8 * HUGE;
const SIZE_64K = 16 << 26;
const SIZE_2M = 21 << 26;
const SIZE_1G = 30 << 26;
const { PRIVATE, SHARED, FIXED, FIXED_NOREPLACE, GROWSDOWN, LOCKED } = MAP;
const HUGE_PAGES = MAP.ANONYMOUS | MAP.HUGETLB;
const LAST = -1;

type Row = [
  name: string,
  error: keyof typeof ERRNO,
  flags: number,
  length?: number | bigint,
  address?: number,
];

const ROWS: readonly Row[] = [
  ["length 0", "EINVAL", PRIVATE, 0],
  ["a small page's length", "ENOMEM", PRIVATE, PAGE],
  ["a huge page's length", "ENOMEM", PRIVATE],
  ["shared", "ENOMEM", SHARED],
  ["MAP_SHARED_VALIDATE", "ENOMEM", 3],
  ["MAP_SHARED_VALIDATE and an unknown flag", "EOPNOTSUPP", 3 | (1 << 22)],
  ["neither private nor shared", "EINVAL", 0],
  ["growing down", "EINVAL", PRIVATE | GROWSDOWN],
  ["growing down, shared", "EINVAL", SHARED | GROWSDOWN],
  ["locked", "ENOMEM", PRIVATE | LOCKED],
  ["2 MiB", "ENOMEM", PRIVATE | SIZE_2M],
  ["1 GiB", "ENOMEM", PRIVATE | SIZE_1G],
  ["a size that there is not", "EINVAL", PRIVATE | SIZE_64K],
  ["such a size, and too long", "EINVAL", PRIVATE | SIZE_64K, LAST],
  ["fixed", "ENOMEM", PRIVATE | FIXED, HUGE, ALIGNED],
  ["fixed, a small page's length", "ENOMEM", PRIVATE | FIXED, PAGE, ALIGNED],
  ["fixed, at a small page", "EINVAL", PRIVATE | FIXED, HUGE, ALIGNED + PAGE],
  ["fixed, unaligned", "EINVAL", PRIVATE | FIXED, HUGE, ALIGNED + 1],
  [
    "fixed, not replacing, at a small page",
    "EINVAL",
    PRIVATE | FIXED_NOREPLACE,
    HUGE,
    TAKEN + PAGE,
  ],
  ["fixed, not replacing, taken", "EEXIST", PRIVATE | FIXED_NOREPLACE, HUGE, TAKEN],
  ["fixed, at another huge page than 1 GiB", "EINVAL", PRIVATE | FIXED | SIZE_1G, HUGE, ALIGNED],
  ["fixed, at the end", "ENOMEM", PRIVATE | FIXED, 2 * HUGE, 0x50000000 - HUGE],
  ["fixed, at a small page at the end", "EINVAL", PRIVATE | FIXED, HUGE, 0x50000000 - PAGE],
  ["a hint at a small page", "ENOMEM", PRIVATE, HUGE, ALIGNED + PAGE],
  ["nearly all", "ENOMEM", PRIVATE, -1 - HUGE],
  ["nearly all, fixed at a small page", "ENOMEM", PRIVATE | FIXED, -4 * HUGE, ALIGNED + PAGE],
];

describe.each(["ilp32", "lp64"] as const)("MAP_HUGETLB, %s", (abi) => {
  test.each(ROWS)("%s: %s", (_name, error, flags, length = HUGE, address = 0) => {
    const k = new Kit(abi);
    k.map(HUGE / PAGE, PROT.RW, PRIVATE | FIXED, TAKEN);
    k.mapFails(error, length, PROT.RW, flags | HUGE_PAGES, address);
    expect(k.pieces(TAKEN, HUGE / PAGE)).toBe(1);
  });

  test("a length that rounds up to 2^64 is none, one that rounds up to 2^32 too much", () => {
    const error = abi === "lp64" ? "EINVAL" : "ENOMEM";
    new Kit(abi).mapFails(error, LAST, PROT.RW, PRIVATE | HUGE_PAGES);
  });

  test("when it fails for want of pages, MAP_FIXED has taken away what was there", () => {
    const k = new Kit(abi);
    k.map(HUGE / PAGE, PROT.RW, PRIVATE | FIXED, TAKEN);
    k.mapFails("ENOMEM", PAGE, PROT.RW, PRIVATE | FIXED | HUGE_PAGES, TAKEN);
    expect(k.pieces(TAKEN, HUGE / PAGE)).toBe(-1);
    expect(k.isMapped(TAKEN + HUGE - PAGE)).toBe(false);
  });

  test("what RLIMIT_AS refuses takes nothing away", () => {
    const k = new Kit(abi);
    k.map(1, PROT.RW, PRIVATE | FIXED, TAKEN);
    k.lower(RLIMIT.AS, HUGE);
    k.mapFails("ENOMEM", HUGE, PROT.RW, PRIVATE | FIXED | HUGE_PAGES, TAKEN);
    expect(k.isMapped(TAKEN)).toBe(true);
  });
});

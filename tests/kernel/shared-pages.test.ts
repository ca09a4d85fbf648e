// Pages of shared memory that nothing maps for a while: they stay with their object, as seen on
// Linux 6.18.44, and what would be in two places is refused, which Linux would give.

import { describe, expect, test } from "vitest";
import { Kit, MADV, MAP, MREMAP, PAGE, PROT, SIGBUS } from "./conformance/kit.js";

const FIXED = MREMAP.MAYMOVE | MREMAP.FIXED;
const A = 0x61;

/** Shared pages of "a", "b" and so on, with free ones behind. */
function shared(k: Kit, pages: number): number {
  const at = k.map(pages + 8, PROT.NONE);
  k.map(pages, PROT.RW, MAP.SHARED | MAP.FIXED, at);
  k.ok("munmap", at + pages * PAGE, 8 * PAGE);
  for (let page = 0; page < pages; page++) k.fill(at + page * PAGE, 1, A + page);
  return at;
}

/** What pages hold, a letter each; "?" where bytes differ, "." for zeros. */
function text(k: Kit, at: number, pages: number): string {
  const bytes = k.get(at, pages * PAGE);
  return Array.from({ length: pages }, (_, page) => {
    const [first = 0, ...others] = bytes.subarray(page * PAGE, (page + 1) * PAGE);
    if (others.some((byte) => byte !== first)) return "?";
    return first === 0 ? "." : String.fromCharCode(first);
  }).join("");
}

describe.each(["ilp32", "lp64"] as const)("pages of shared memory, %s", (abi) => {
  test("what mremap cuts off comes back", () => {
    const k = new Kit(abi);
    const at = shared(k, 2);
    const before = k.m.mm("rssShmem");
    k.ok("mremap", at, 2 * PAGE, PAGE, 0, 0);
    expect(k.ok("mremap", at, PAGE, 2 * PAGE, 0, 0)).toBe(at);
    // In core, but not in the page tables before it is touched.
    expect(k.resident(at, 2 * PAGE)).toEqual([1, 1]);
    expect(k.m.mm("rssShmem")).toBe(before - 1);
    expect(text(k, at, 2)).toBe("ab");
  });

  test("what munmap takes away comes back, and behind the object there is nothing", () => {
    const k = new Kit(abi);
    const at = shared(k, 3);
    k.ok("munmap", at + PAGE, 2 * PAGE);
    expect(k.ok("mremap", at, PAGE, 4 * PAGE, 0, 0)).toBe(at);
    expect(k.resident(at, 4 * PAGE)).toEqual([1, 1, 1, 0]);
    expect(text(k, at, 3)).toBe("abc");
    expect(k.read(at + 3 * PAGE)).toBe(-SIGBUS);
  });

  test("what MAP_FIXED covers comes back", () => {
    const k = new Kit(abi);
    const at = shared(k, 2);
    k.map(1, PROT.RW, MAP.PRIVATE | MAP.FIXED, at + PAGE);
    k.ok("munmap", at + PAGE, PAGE);
    k.ok("mremap", at, PAGE, 2 * PAGE, 0, 0);
    expect(text(k, at, 2)).toBe("ab");
  });

  test("what brk takes away comes back", () => {
    const k = new Kit(abi);
    const start = k.brk;
    k.ok("brk", start + 4 * PAGE);
    const at = k.ok(
      "mmap",
      start,
      4 * PAGE,
      PROT.RW,
      MAP.SHARED | MAP.ANONYMOUS | MAP.FIXED,
      -1,
      0,
    );
    k.fill(at, 4, A);
    k.ok("brk", start + PAGE);
    expect(k.isMapped(at + PAGE)).toBe(false);
    k.ok("mremap", at, PAGE, 4 * PAGE, 0, 0);
    expect(text(k, at, 4)).toBe("aaaa");
  });

  test("they come back elsewhere, and over what was in the way", () => {
    const k = new Kit(abi);
    const at = shared(k, 3);
    const to = k.map(4, PROT.NONE);
    k.ok("munmap", at + PAGE, 2 * PAGE);
    expect(k.ok("mremap", at, PAGE, 3 * PAGE, FIXED, to)).toBe(to);
    expect(text(k, to, 3)).toBe("abc");
    const other = shared(k, 3);
    expect(k.ok("mremap", other, PAGE, 3 * PAGE, FIXED, other + PAGE)).toBe(other + PAGE);
    expect(text(k, other + PAGE, 3)).toBe("abc");
  });

  test("MADV_REMOVE's hole stays one", () => {
    const k = new Kit(abi);
    const at = shared(k, 3);
    k.ok("madvise", at + PAGE, PAGE, MADV.REMOVE);
    k.ok("munmap", at + PAGE, 2 * PAGE);
    k.ok("mremap", at, PAGE, 3 * PAGE, 0, 0);
    expect(k.resident(at, 3 * PAGE)).toEqual([1, 0, 1]);
    expect(text(k, at, 3)).toBe("a.c");
  });

  test("remap_file_pages brings them", () => {
    const k = new Kit(abi);
    const at = shared(k, 3);
    k.ok("munmap", at, PAGE);
    k.ok("munmap", at + 2 * PAGE, PAGE);
    k.ok("remap_file_pages", at + PAGE, PAGE, 0, 0, 0);
    expect(text(k, at + PAGE, 1)).toBe("a");
    k.ok("remap_file_pages", at + PAGE, PAGE, 0, 2, 0);
    expect(text(k, at + PAGE, 1)).toBe("c");
    k.ok("remap_file_pages", at + PAGE, PAGE, 0, 1, 0);
    expect(text(k, at + PAGE, 1)).toBe("b");
  });

  test("mlock counts them at once", () => {
    const k = new Kit(abi);
    const at = shared(k, 3);
    k.ok("munmap", at + PAGE, 2 * PAGE);
    k.ok("mlock", at, PAGE);
    const before = k.m.mm("rssShmem");
    k.ok("mremap", at, PAGE, 3 * PAGE, 0, 0);
    expect(k.m.mm("rssShmem")).toBe(before + 2);
    expect(text(k, at, 3)).toBe("abc");
  });

  test("an object that nothing maps is gone, and its room is used again", () => {
    const k = new Kit(abi);
    const round = (): void => {
      const at = shared(k, 64);
      k.ok("munmap", at + PAGE, 63 * PAGE);
      k.ok("munmap", at, PAGE);
    };
    round();
    const used = [k.m.mm("markNext"), k.m.mm("markRest")];
    for (let i = 0; i < 50; i++) round();
    expect([k.m.mm("markNext"), k.m.mm("markRest")]).toEqual(used);
    expect(text(k, k.map(64), 64)).toBe(".".repeat(64));
  });

  test("a page that is mapped elsewhere is refused, where nothing else is wrong", () => {
    const k = new Kit(abi);
    const at = shared(k, 3);
    k.ok("munmap", at + PAGE, PAGE);
    k.fails("ENOMEM", "mremap", at, PAGE, 3 * PAGE, 0, 0);
    k.fails("EOPNOTSUPP", "mremap", at, PAGE, 3 * PAGE, MREMAP.MAYMOVE, 0);
    // That there is no room comes first.
    k.fails("ENOMEM", "mremap", at, PAGE, k.taskSize, MREMAP.MAYMOVE, 0);
    const to = k.map(3, PROT.NONE);
    k.fails("EOPNOTSUPP", "mremap", at, PAGE, 3 * PAGE, FIXED, to);
    expect(k.ok("mremap", at, PAGE, 2 * PAGE, FIXED, to)).toBe(to);
    expect(text(k, to, 2) + text(k, at + 2 * PAGE, 1)).toBe("abc");
    // Nor does a part become longer by what is right behind it.
    k.fails("EOPNOTSUPP", "mremap", to, PAGE, 2 * PAGE, MREMAP.MAYMOVE, 0);
    expect(k.m.process.raw.check_kernel()).toBe(0);
  });
});

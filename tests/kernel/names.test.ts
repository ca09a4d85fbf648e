// Names of anonymous memory. The kernels that the recordings come from are built without them
// (CONFIG_ANON_VMA_NAME), so this follows prctl(2) and Documentation/filesystems/proc.rst.

import { describe, expect, it } from "vitest";
import { Errno, LINUX_6_1, MAP, MREMAP, PR, PROT, startKernelSync } from "../../src/kernel.js";

const PAGE = 4096;
const ANONYMOUS = MAP.PRIVATE | MAP.ANONYMOUS;
const RW = PROT.READ | PROT.WRITE;

describe.each(["ilp32", "lp64"] as const)("names of anonymous memory, %s", (abi) => {
  it("a name that the program gives shows in maps, and keeps neighbours apart", () => {
    const kernel = startKernelSync({ abi });
    const names = () => kernel.vmas().map(({ start, name }) => [(start - at) / PAGE, name]);
    const at = kernel.mmap(0, 6 * PAGE, RW, ANONYMOUS);
    expect(kernel.setVmaName(at + PAGE, 2 * PAGE, "my arena")).toBe(0);
    expect(names()).toEqual([
      [0, ""],
      [1, "[anon:my arena]"],
      [3, ""],
    ]);
    expect(kernel.maps().split("\n")[1]!.slice(72)).toBe(" [anon:my arena]");
    kernel.setVmaName(at, PAGE, "my arena");
    kernel.setVmaName(at + 3 * PAGE, 3 * PAGE, "other");
    expect(names().length).toBe(2);
    kernel.munmap(at + 4 * PAGE, PAGE);
    const moved = kernel.mremap(at + 5 * PAGE, PAGE, 2 * PAGE, MREMAP.MAYMOVE);
    expect(kernel.findVma(moved)?.name).toBe("[anon:other]");
    kernel.munmap(moved, 2 * PAGE);
    expect(kernel.setVmaName(at, 4 * PAGE, undefined)).toBe(0);
    expect(names()).toEqual([[0, ""]]);
    const shared = kernel.mmap(0, PAGE, RW, MAP.SHARED | MAP.ANONYMOUS);
    kernel.setVmaName(shared, PAGE, "");
    expect(kernel.findVma(shared)?.name).toBe("[anon_shmem:]");
    const heap = kernel.sbrk(PAGE);
    kernel.setVmaName(heap, PAGE, "heap");
    expect(kernel.findVma(heap)?.name).toBe("[heap]");
  });

  it("names come and go without end", () => {
    const kernel = startKernelSync({ abi });
    const at = kernel.mmap(0, 200 * PAGE, RW, ANONYMOUS);
    const before = kernel.process.memory.buffer.byteLength;
    for (let i = 0; i < 20_000; i++) kernel.setVmaName(at + (i % 200) * PAGE, PAGE, `name ${i}`);
    expect(kernel.vmas().map(({ name }) => name)).toEqual(
      Array.from({ length: 200 }, (_, i) => `[anon:name ${19_800 + i}]`),
    );
    expect(kernel.process.memory.buffer.byteLength - before).toBeLessThan(2 ** 20);
  });

  it("what is no name, and memory that cannot have one", () => {
    const kernel = startKernelSync({ abi });
    const at = kernel.mmap(0, 2 * PAGE, RW, ANONYMOUS);
    const failure = (run: () => number): number => (run() === 0 ? 0 : kernel.errno);
    const naming = (name: string) => failure(() => kernel.setVmaName(at, PAGE, name));
    expect(naming("x".repeat(79))).toBe(0);
    for (const name of ["x".repeat(80), "a\nb", "a[b", "a]b", "a\\b", "a$b", "a`b", "\u00e9"])
      expect(naming(name)).toBe(Errno.EINVAL);
    const raw = (...args: number[]) =>
      failure(() => kernel.prctl(PR.SET_VMA, PR.SET_VMA_ANON_NAME, ...args));
    kernel.write(at, [0x61, 0]);
    expect(raw(at, PAGE, at)).toBe(0);
    expect(raw(at + 1, PAGE, at)).toBe(Errno.EINVAL);
    expect(raw(at, -1, at)).toBe(Errno.EINVAL);
    expect(raw(at, 0, at)).toBe(0);
    expect(raw(at, 3 * PAGE, at)).toBe(Errno.ENOMEM);
    expect(kernel.findVma(at + PAGE)?.name).toBe("[anon:a]");
    expect(raw(at, PAGE, at + 5 * PAGE)).toBe(Errno.EFAULT);
    expect(failure(() => kernel.prctl(PR.SET_VMA, 1, at, PAGE))).toBe(Errno.EINVAL);
    expect(failure(() => kernel.prctl(15))).toBe(Errno.EINVAL);
    kernel.setOption("KERNEL_VERSION", LINUX_6_1);
    const shared = kernel.mmap(0, PAGE, RW, MAP.SHARED | MAP.ANONYMOUS);
    expect(failure(() => kernel.setVmaName(shared, PAGE, "a"))).toBe(Errno.EBADF);
  });
});

import { describe, expect, it } from "vitest";
import {
  BusError,
  Errno,
  errnoMessage,
  FAILED,
  LINUX_6_1,
  LINUX_6_18,
  MADV,
  MAP,
  MCL,
  MemoryFault,
  MPOL,
  MREMAP,
  MS,
  PROT,
  RLIMIT,
  SegmentationFault,
  startKernel,
  startKernelSync,
  SystemCallError,
  VM,
  VmaKind,
} from "../../src/kernel.js";

const PAGE = 4096;
const ANONYMOUS = MAP.PRIVATE | MAP.ANONYMOUS;
const RW = PROT.READ | PROT.WRITE;
const abis = ["ilp32", "lp64"] as const;

describe.each(abis)("system calls by name, %s", (abi) => {
  it("in C's style: -1 and errno", () => {
    const kernel = startKernelSync({ abi });
    expect(kernel.munmap(1, PAGE)).toBe(FAILED);
    expect(kernel.errno).toBe(Errno.EINVAL);
    const at = kernel.mmap(0, PAGE);
    expect(at % PAGE).toBe(0);
    expect(kernel.errno).toBe(Errno.EINVAL);
    expect(kernel.mmap(0, PAGE, PROT.READ, MAP.PRIVATE, 5)).toBe(FAILED);
    expect(kernel.errno).toBe(Errno.EBADF);
    expect(kernel.mmap(0, PAGE, PROT.READ, ANONYMOUS, -1, 1)).toBe(FAILED);
    expect(kernel.errno).toBe(Errno.EINVAL);
    expect(kernel.munmap(at, PAGE)).toBe(0);
  });

  it("in the throwing style", () => {
    const kernel = startKernelSync({ abi });
    const thrown = (call: () => unknown) => {
      try {
        call();
      } catch (error) {
        return error;
      }
      return undefined;
    };
    const error = thrown(() => kernel.orThrow.munmap(1, PAGE));
    expect(error).toBeInstanceOf(SystemCallError);
    expect(error).toMatchObject({ call: "munmap", errno: 22, code: "EINVAL" });
    expect((error as Error).message).toBe("munmap: EINVAL (Invalid argument)");
    expect(thrown(() => kernel.orThrow.brk(2 ** 32 - 1))).toMatchObject({ code: "ENOMEM" });
    expect(thrown(() => kernel.orThrow.sbrk(-1))).toBeUndefined();
    expect(kernel.orThrow.mmap(0, PAGE)).toBeGreaterThan(0);
  });

  it("brk and sbrk as libc has them", () => {
    const kernel = startKernelSync({ abi });
    const start = kernel.sbrk(0);
    expect(start).toBe(kernel.mm.startBrk);
    expect(kernel.sbrk(10)).toBe(start);
    expect(kernel.currentBreak()).toBe(start + 10);
    expect(kernel.brk(start + 5000)).toBe(0);
    expect(kernel.sbrk(-5000)).toBe(start + 5000);
    expect(kernel.brk(1)).toBe(0);
    expect(kernel.currentBreak()).toBe(start);
    kernel.setrlimit(RLIMIT.DATA, { cur: 2 ** 20, max: Infinity });
    expect(kernel.sbrk(2 ** 21)).toBe(FAILED);
    // Below start_brk the kernel refuses, but the break is not below what was asked for.
    expect(kernel.sbrk(-(2 ** 16))).toBe(start);
    expect(kernel.currentBreak()).toBe(start);
    expect(() => kernel.sbrk(2 ** 60)).toThrow(RangeError);
    expect(kernel.errno).toBe(Errno.ENOMEM);
  });

  it("every other one", () => {
    const kernel = startKernelSync({ abi });
    const { orThrow } = kernel;
    const at = orThrow.mmap(0, 8 * PAGE, RW, ANONYMOUS);
    expect(orThrow.mprotect(at, PAGE, PROT.READ)).toBe(0);
    expect(orThrow.madvise(at, PAGE, MADV.DONTNEED)).toBe(0);
    expect(orThrow.msync(at, PAGE, MS.SYNC)).toBe(0);
    expect(orThrow.mlock(at, PAGE)).toBe(0);
    expect(orThrow.mlock2(at, PAGE, 1)).toBe(0);
    expect(orThrow.munlock(at, PAGE)).toBe(0);
    expect(orThrow.mlockall(MCL.CURRENT)).toBe(0);
    expect(orThrow.munlockall()).toBe(0);
    const moved = orThrow.mremap(at + 4 * PAGE, PAGE, 2 * PAGE, MREMAP.MAYMOVE);
    expect(moved).toBeGreaterThan(0);
    const vector = orThrow.mmap(0, PAGE, RW, ANONYMOUS);
    expect(orThrow.mincore(moved, 2 * PAGE, vector)).toBe(0);
    expect(orThrow.mbind(at, PAGE, MPOL.BIND, 1)).toBe(0);
    const shared = orThrow.mmap(0, PAGE, RW, MAP.SHARED | MAP.ANONYMOUS);
    expect(orThrow.remapFilePages(shared, PAGE, 0, 0)).toBe(0);
    expect(orThrow.mseal(at, 2 * PAGE)).toBe(0);
    expect(() => orThrow.munmap(at, PAGE)).toThrow("munmap: EPERM");
    expect(orThrow.getpid()).toBe(Number(/^\d+/.exec(kernel.stat())![0]));
  });

  it("limits, with Infinity", () => {
    const kernel = startKernelSync({ abi });
    expect(kernel.getrlimit(RLIMIT.AS)).toEqual({ cur: Infinity, max: Infinity });
    expect(kernel.setrlimit(RLIMIT.AS, { cur: 2 ** 20, max: Infinity })).toBe(0);
    expect(kernel.prlimit(RLIMIT.AS, { cur: 2 ** 21, max: 2 ** 30 })).toEqual({
      cur: 2 ** 20,
      max: Infinity,
    });
    expect(kernel.prlimit(RLIMIT.AS)).toEqual({ cur: 2 ** 21, max: 2 ** 30 });
    expect(kernel.getrlimit(99)).toBeUndefined();
    expect(kernel.errno).toBe(Errno.EINVAL);
    expect(kernel.mmap(0, 2 ** 22)).toBe(FAILED);
    expect(kernel.errno).toBe(Errno.ENOMEM);
  });

  it("by number, and those that there are not", () => {
    const kernel = startKernelSync({ abi });
    const nr = abi === "ilp32" ? 45 : 12;
    expect(kernel.syscall(nr, 0)).toBe(kernel.mm.startBrk);
    expect(kernel.syscall("brk")).toBe(kernel.mm.startBrk);
    expect(kernel.syscall("munmap", 1, PAGE)).toBe(-Errno.EINVAL);
    expect(kernel.syscall(9999)).toBe(-Errno.ENOSYS);
    expect(() => kernel.syscall(abi === "ilp32" ? "mmap" : "mmap2")).toThrow(/has no system call/);
    expect(() => kernel.syscall(1, 1, 2, 3, 4, 5, 6, 7)).toThrow(RangeError);
  });

  it("settings of the kernel", () => {
    const kernel = startKernelSync({ abi });
    kernel.setOption("MAX_MAP_COUNT", 1);
    const places = [0, 1, 2].map((i) =>
      kernel.mmap(0x3000_0000 + 2 * i * PAGE, PAGE, RW, ANONYMOUS | MAP.FIXED),
    );
    expect(places.at(-1)).toBe(FAILED);
    expect(kernel.errno).toBe(Errno.ENOMEM);
    expect(() => kernel.setOption("OVERCOMMIT_MEMORY", 3)).toThrow(RangeError);
  });
});

describe.each(abis)("the address space, %s", (abi) => {
  it("mm_struct is live and exact", () => {
    const kernel = startKernelSync({ abi });
    const { mm } = kernel;
    expect([mm.totalVm, mm.mapCount, mm.brk - mm.startBrk]).toEqual([0, 0, 0]);
    const at = kernel.mmap(0, 3 * PAGE, RW, ANONYMOUS);
    kernel.mprotect(at, PAGE, PROT.READ | PROT.EXEC);
    expect([mm.totalVm, mm.dataVm, mm.execVm, mm.mapCount]).toEqual([3, 2, 1, 2]);
    kernel.munmap(at, 3 * PAGE);
    expect([mm.totalVm, mm.hiwaterVm, mm.mapCount]).toEqual([0, 3, 0]);
  });

  it("the walk gives what was mapped", () => {
    const kernel = startKernelSync({ abi });
    const at = kernel.mmap(0, 2 * PAGE, RW, ANONYMOUS);
    kernel.mmap(at, PAGE, PROT.READ, MAP.SHARED | MAP.ANONYMOUS | MAP.FIXED);
    kernel.sbrk(1);
    const [heap, shared, rest] = kernel.vmas();
    expect(heap).toMatchObject({ start: kernel.mm.startBrk, name: "[heap]" });
    expect(shared).toMatchObject({ start: at, end: at + PAGE, name: "/dev/zero (deleted)" });
    expect(shared!.flags & VM.MAYSHARE).not.toBe(0);
    expect(rest).toMatchObject({ start: at + PAGE, end: at + 2 * PAGE, name: "", offset: 0 });
    expect(kernel.findVma(at + PAGE + 5)).toEqual(rest);
    expect(kernel.findVma(at - 1)).toBeUndefined();
  });

  it("three lines of [heap] after an mprotect in its middle", () => {
    const kernel = startKernelSync({ abi });
    const start = kernel.sbrk(3 * PAGE);
    kernel.mprotect(start + PAGE, PAGE, PROT.READ);
    const lines = kernel.maps().trimEnd().split("\n");
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line.slice(73)).toBe("[heap]");
  });

  it("limits as /proc has them", () => {
    const kernel = startKernelSync({ abi });
    kernel.setrlimit(RLIMIT.AS, { cur: 2 ** 30, max: Infinity });
    const lines = kernel.limits().split("\n");
    expect(lines).toHaveLength(18);
    expect(lines[8]).toBe(
      "Max open files            1024                 4096                 files     ",
    );
    expect(lines[10]).toBe(
      "Max address space         1073741824           unlimited            bytes     ",
    );
    expect(kernel.prlimit(RLIMIT.NICE)).toEqual({ cur: 0, max: 0 });
  });

  it("what is in memory shows in all texts alike", () => {
    const kernel = startKernelSync({ abi });
    const at = kernel.mmap(0, 8 * PAGE, RW, ANONYMOUS);
    const shared = kernel.mmap(0, 4 * PAGE, RW, MAP.SHARED | MAP.ANONYMOUS);
    kernel.write(at + PAGE, [1]);
    kernel.write(at + 3 * PAGE - 1, [1, 2]);
    kernel.read(at + 7 * PAGE, 10);
    kernel.write(shared, [1]);
    expect(kernel.usage(kernel.findVma(at)!)).toMatchObject({ resident: 3, anonymous: 3 });
    const rss = /^Rss: +(\d+) kB$/m.exec(kernel.smapsRollup())![1];
    expect(rss).toBe("16");
    expect(kernel.smapsRollup()).toMatch(/^Pss_Shmem: +4 kB$/m);
    expect(kernel.status()).toMatch(/^VmRSS:\t +16 kB\nRssAnon:\t +12 kB\n/m);
    expect(kernel.statm()).toBe("12 4 1 0 0 8 0\n");
    expect(kernel.stat().split(" ").slice(22, 24)).toEqual([String(12 * PAGE), "4"]);
    kernel.madvise(at, 8 * PAGE, MADV.DONTNEED);
    expect(kernel.status()).toMatch(/^VmHWM:\t +16 kB\nVmRSS:\t +4 kB\n/m);
  });

  it("memory that somebody else grew is in maps, and counts nowhere", () => {
    const kernel = startKernelSync({ abi, layout: "compact" });
    kernel.sbrk(1);
    kernel.process.memory.grow(2);
    kernel.sbrk(2 ** 22);
    const [heap, foreign] = kernel.vmas();
    expect([heap!.kind, foreign!.kind]).toEqual([VmaKind.USER, VmaKind.FOREIGN]);
    expect(kernel.maps().split("\n")[1]).toMatch(/^\w+-\w+ ---p 00000000 00:00 0 $/);
    expect(kernel.mm.mapCount).toBe(1);
    // More of it becomes part of the same region.
    kernel.process.memory.grow(1);
    kernel.sbrk(2 ** 22);
    expect(kernel.vmas().map(({ end }) => end)).toEqual([heap!.end, foreign!.end + 65536]);
  });

  it("the kernel's version decides about details", () => {
    const kernel = startKernelSync({ abi });
    kernel.sbrk(PAGE);
    expect(kernel.version).toBe(LINUX_6_18);
    expect(kernel.smaps()).toContain("KSM:");
    kernel.setOption("KERNEL_VERSION", LINUX_6_1);
    expect(kernel.smaps()).not.toContain("KSM:");
  });
});

describe("checked access", () => {
  it("reads what was written, and zeros", async () => {
    const kernel = await startKernel();
    const at = kernel.mmap(0, 2 * PAGE);
    kernel.write(at + PAGE - 2, Uint8Array.of(1, 2, 3, 4));
    expect([...kernel.read(at + PAGE - 3, 6)]).toEqual([0, 1, 2, 3, 4, 0]);
    expect(kernel.read(at, 0)).toHaveLength(0);
  });

  it("names signal, address, access and mapping", () => {
    const kernel = startKernelSync();
    const at = kernel.mmap(0x3000_0000, 2 * PAGE, PROT.READ, ANONYMOUS | MAP.FIXED);
    const fault = (call: () => unknown): MemoryFault => {
      try {
        call();
      } catch (error) {
        if (error instanceof MemoryFault) return error;
      }
      throw new Error("no fault");
    };
    const write = fault(() => kernel.write(at + 100, [1]));
    expect(write).toBeInstanceOf(SegmentationFault);
    expect(write).toMatchObject({
      signal: "SIGSEGV",
      code: "SEGV_ACCERR",
      address: at + 100,
      access: "write",
      vma: { start: at },
    });
    expect(write.message).toBe(
      "SIGSEGV (SEGV_ACCERR): write at 0x30000064, in 30000000-30002000 r--p",
    );
    const read = fault(() => kernel.read(at + 2 * PAGE - 4, 8));
    expect(read).toMatchObject({ code: "SEGV_MAPERR", address: at + 2 * PAGE, vma: undefined });
    expect(read.message).toBe("SIGSEGV (SEGV_MAPERR): read at 0x30002000, nothing is mapped there");
    expect(fault(() => kernel.read(0, 1)).address).toBe(0);
    expect(fault(() => kernel.read(2 ** 32 - 4, 8)).signal).toBe("SIGSEGV");
    expect(new BusError("read", 5, undefined)).toMatchObject({
      signal: "SIGBUS",
      code: "BUS_ADRERR",
    });
  });

  it("behind the end of a shared object is a BusError, at the first such byte", () => {
    const kernel = startKernelSync();
    const at = kernel.mmap(0x3000_0000, PAGE, RW, MAP.SHARED | MAP.ANONYMOUS | MAP.FIXED);
    expect(kernel.mremap(at, PAGE, 3 * PAGE)).toBe(at);
    kernel.write(at, [1]);
    const bus = { signal: "SIGBUS", code: "BUS_ADRERR", address: at + PAGE, vma: { start: at } };
    for (const access of ["read", "write"] as const) {
      const fault = (): unknown => {
        try {
          if (access === "read") kernel.read(at + PAGE - 4, 8);
          else kernel.write(at + PAGE - 4, [1, 2, 3, 4, 5]);
        } catch (error) {
          return error;
        }
        return undefined;
      };
      expect(fault()).toBeInstanceOf(BusError);
      expect(fault()).toMatchObject({ ...bus, access });
    }
    expect(() => kernel.touch(at + 2 * PAGE, 1, "read")).toThrow(
      "SIGBUS (BUS_ADRERR): read at 0x30002000, in 30000000-30003000 rw-s /dev/zero (deleted)",
    );
    expect([...kernel.read(at, 2)]).toEqual([1, 0]);
  });

  it("code is fetched only where it may be", () => {
    const kernel = startKernelSync();
    const at = kernel.mmap(0x3000_0000, 2 * PAGE, PROT.EXEC, ANONYMOUS | MAP.FIXED);
    kernel.mprotect(at + PAGE, PAGE, RW);
    kernel.touch(at, PAGE, "execute");
    expect(() => kernel.touch(at, PAGE + 1, "execute")).toThrow(
      "SIGSEGV (SEGV_ACCERR): execute at 0x30001000, in 30001000-30002000 rw-p",
    );
    expect([...kernel.read(at, 1)]).toEqual([0]);
  });

  it("writes all or nothing", () => {
    const kernel = startKernelSync();
    const at = kernel.mmap(0, 2 * PAGE);
    kernel.munmap(at + PAGE, PAGE);
    expect(() => kernel.write(at + PAGE - 1, [7, 7])).toThrow(SegmentationFault);
    expect([...kernel.read(at + PAGE - 1, 1)]).toEqual([0]);
  });

  it("refuses what is no address", () => {
    const kernel = startKernelSync();
    expect(() => kernel.read(-1, 1)).toThrow(/read: address must be from 0/);
    expect(() => kernel.read(0.5, 1)).toThrow(TypeError);
  });
});

describe.each(abis)("strace, %s", (abi) => {
  it("logs malloc's own calls and a program's, only while it is on", () => {
    const kernel = startKernelSync({ abi, startBrk: 16 << 20 });
    kernel.mmap(0, PAGE);
    const log = kernel.startStrace();
    const block = kernel.process.malloc(200_000);
    kernel.process.free(block);
    kernel.getrlimit(RLIMIT.DATA);
    kernel.stopStrace();
    kernel.mmap(0, PAGE);
    const mmap = abi === "ilp32" ? "mmap2" : "mmap";
    const names = log.lines.map((line) => line.replace(/\(.*/, ""));
    expect(names.slice(-3)).toEqual([mmap, "munmap", abi === "ilp32" ? "ugetrlimit" : "getrlimit"]);
    expect(log.lines.at(-3)).toMatch(
      /^mmap2?\(NULL, 200704, PROT_READ\|PROT_WRITE, MAP_PRIVATE\|MAP_ANONYMOUS, -1, 0\) = 0x\w+$/,
    );
    expect(log.lines.at(-1)).toMatch(/{rlim_cur=RLIM(64)?_INFINITY, rlim_max=RLIM(64)?_INFINITY}/);
    expect(log.text().endsWith("\n")).toBe(true);
  });

  it("filters, counts, hands over", () => {
    const kernel = startKernelSync({ abi });
    const seen: string[] = [];
    const log = kernel.startStrace({
      filter: ["trace=munmap", "status=failed"],
      write: (line, { args }) => seen.push(`${line} ${args[0]}`),
      column: 0,
    });
    kernel.mmap(0, PAGE);
    kernel.munmap(0x3000_0000, PAGE);
    kernel.munmap(1, PAGE);
    expect(seen).toEqual(["munmap(0x1, 4096) = -1 EINVAL (Invalid argument) 1"]);
    expect(log.lines).toEqual([]);
    expect(log.counts()).toEqual([
      { name: "munmap", nr: abi === "ilp32" ? 91 : 11, calls: 2, errors: 1 },
    ]);
    expect(log.table()).toContain("0.000000           0         2         1 munmap\n");
    const next = kernel.startStrace({ filter: "!munmap" });
    kernel.munmap(1, PAGE);
    kernel.brk(0);
    expect(next.lines).toHaveLength(1);
    expect(seen).toHaveLength(1);
  });

  it("an unknown number, and the caller's own report", () => {
    let reports = 0;
    const kernel = startKernelSync({ abi, trace: () => reports++ });
    const log = kernel.startStrace({ countOnly: true });
    kernel.syscall(0x1234, 1);
    expect([reports, log.lines.length]).toEqual([1, 0]);
    // strace has no place for it in its table, and no filter that keeps it out.
    expect(log.counts()).toEqual([]);
    const lines = kernel.startStrace({ filter: "trace=brk" }).lines;
    kernel.syscall(0x1234, 1);
    kernel.syscall("mseal", 0, 0);
    kernel.munmap(1, PAGE);
    expect(lines).toEqual([
      "syscall_0x1234(0x1, 0, 0, 0, 0, 0)      = -1 ENOSYS (Function not implemented)",
      "syscall_0x1ce(0, 0, 0, 0, 0, 0)         = 0",
    ]);
  });
});

it("error texts", () => {
  expect(errnoMessage(12)).toBe("Cannot allocate memory");
  expect(errnoMessage(4000)).toBe("Unknown error 4000");
  expect(new SystemCallError("brk", 4000).code).toBe("ERRNO_4000");
});

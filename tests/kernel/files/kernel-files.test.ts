import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  Errno,
  FAILED,
  type Kernel,
  MAP,
  MemoryFile,
  MREMAP,
  MS,
  O,
  PROT,
  startKernelSync,
  SystemCallError,
} from "../../../src/kernel.js";

const PAGE = 4096;
const RW = PROT.READ | PROT.WRITE;
const folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "kernel-files-")));
let made = 0;

afterAll(() => fs.rmSync(folder, { recursive: true }));

function newFile(content: string): string {
  const path = join(folder, `file${++made}`);
  fs.writeFileSync(path, content);
  return path;
}

const contentOf = (path: string) => fs.readFileSync(path, "latin1");

function text(kernel: Kernel, address: number, length: number): string {
  return Buffer.from(kernel.read(address, length)).toString("latin1");
}

/** Tests that ask Linux which files this process has open. */
const onLinux = it.runIf(process.platform === "linux");

/** How many of this process's own descriptors are open on a file. */
function openOn(path: string): number {
  return fs.readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith(path);
    } catch {
      return false;
    }
  }).length;
}

/**
 * A kernel, a file of `pages` pages of letters and a few bytes more, and a descriptor for reading
 * and writing it.
 */
function withFile(abi: "ilp32" | "lp64", pages: number, rest = 0) {
  const letters = Array.from({ length: pages }, (_, i) => String.fromCharCode(97 + i).repeat(PAGE));
  const content = letters.join("") + "~".repeat(rest);
  const path = newFile(content);
  const kernel = startKernelSync({ abi });
  return { kernel, path, content, fd: kernel.orThrow.open(path, O.RDWR) };
}

describe.each(["ilp32", "lp64"] as const)("files of Node's, %s", (abi) => {
  onLinux("descriptors are the lowest free ones", () => {
    const { kernel, path, fd } = withFile(abi, 1);
    expect(fd).toBe(3);
    expect([kernel.open(path, O.RDONLY), kernel.openFile(new MemoryFile())]).toEqual([4, 5]);
    expect(kernel.close(4)).toBe(0);
    expect(kernel.open(path, O.RDONLY)).toBe(4);
    expect(openOn(path)).toBe(2);
    expect([kernel.close(99), kernel.errno]).toEqual([FAILED, Errno.EBADF]);
    expect(kernel.closeFiles()).toBe(0);
    expect(openOn(path)).toBe(0);
    expect([kernel.close(3), kernel.errno]).toEqual([FAILED, Errno.EBADF]);
  });

  it("opening fails as open(2) does", () => {
    const kernel = startKernelSync({ abi });
    const nowhere = join(folder, `nowhere.${abi}`);
    expect([kernel.open(nowhere, O.RDONLY), kernel.errno]).toEqual([FAILED, Errno.ENOENT]);
    expect(() => kernel.orThrow.open(nowhere, O.RDONLY)).toThrow(SystemCallError);
    expect(() => kernel.orThrow.open(nowhere, O.RDONLY)).toThrow(/^open: ENOENT \(No such file/);
    expect(kernel.open(nowhere, O.RDWR | O.CREAT, 0o600)).toBe(3);
    // What is not an error of the system's is not made one.
    expect(() => kernel.open("a\0b", O.RDONLY)).toThrow(TypeError);
    kernel.closeFiles();
  });

  onLinux("a refused file is not left open", () => {
    const { kernel, path } = withFile(abi, 1);
    const files: MemoryFile[] = [];
    while (kernel.openFile((files[files.length] = new MemoryFile())) !== FAILED);
    expect(kernel.errno).toBe(Errno.EMFILE);
    expect([kernel.open(path, O.RDONLY), kernel.errno]).toEqual([FAILED, Errno.EMFILE]);
    expect(openOn(path)).toBe(1);
    kernel.close(7);
    expect(kernel.openFile(files.at(-1)!)).toBe(7);
    kernel.closeFiles();
  });

  it("reading, writing, truncating and syncing", () => {
    const { kernel, path, fd } = withFile(abi, 0, 10);
    const buffer = kernel.mmap(0, PAGE);
    expect(kernel.pread(fd, buffer, 100, 4)).toBe(6);
    expect(text(kernel, buffer, 7)).toBe("~~~~~~\0");
    kernel.write(buffer, Buffer.from("far"));
    const far = 2 ** 40 + 5;
    expect(kernel.pwrite(fd, buffer, 3, far)).toBe(3);
    expect([fs.statSync(path).size, kernel.pread(fd, buffer + 50, 9, far - 1)]).toEqual([
      far + 3,
      4,
    ]);
    expect(text(kernel, buffer + 50, 5)).toBe("\0far\0");
    expect([kernel.ftruncate(fd, far), fs.statSync(path).size]).toEqual([0, far]);
    expect(kernel.ftruncate(fd, 3)).toBe(0);
    expect([kernel.fsync(fd), kernel.fdatasync(fd), contentOf(path)]).toEqual([0, 0, "~~~"]);
    expect([kernel.pread(fd, buffer, 1, -1), kernel.errno]).toEqual([FAILED, Errno.EINVAL]);
    expect([kernel.ftruncate(fd, -1), kernel.errno]).toEqual([FAILED, Errno.EINVAL]);
    expect([kernel.ftruncate(fd, 2 ** 60), kernel.errno]).toEqual([FAILED, Errno.EFBIG]);
    const appending = kernel.open(path, O.WRONLY | O.APPEND);
    expect(kernel.pwrite(appending, buffer, 2, 0)).toBe(2);
    expect(contentOf(path)).toBe("~~~fa");
    const place = kernel.open(path, O.PATH);
    expect([kernel.pread(place, buffer, 1, 0), kernel.errno]).toEqual([FAILED, Errno.EBADF]);
    expect([kernel.mmap(0, PAGE, RW, MAP.PRIVATE, place), kernel.errno]).toEqual([
      FAILED,
      Errno.EBADF,
    ]);
    kernel.closeFiles();
  });

  it("a private mapping keeps its stores to itself", () => {
    const { kernel, path, content, fd } = withFile(abi, 2, 5);
    const at = kernel.mmap(0, 3 * PAGE, RW, MAP.PRIVATE, fd);
    expect(text(kernel, at, content.length + 2)).toBe(`${content}\0\0`);
    kernel.write(at, Buffer.from("XYZ"));
    expect([
      kernel.msync(at, 3 * PAGE, MS.SYNC),
      kernel.munmap(at, 3 * PAGE),
      kernel.close(fd),
    ]).toEqual([0, 0, 0]);
    expect(contentOf(path)).toBe(content);
  });

  it.each<[string, (kernel: Kernel, at: number, fd: number) => number]>([
    ["msync", (kernel, at) => kernel.msync(at, 3 * PAGE, MS.SYNC)],
    ["munmap", (kernel, at) => kernel.munmap(at, 3 * PAGE)],
    ["close", (kernel, _, fd) => kernel.close(fd)],
    ["fsync", (kernel, _, fd) => kernel.fsync(fd)],
    [
      "another mapping in its place",
      (kernel, at) => kernel.mmap(at, 3 * PAGE, RW, MAP.PRIVATE | MAP.ANONYMOUS | MAP.FIXED) - at,
    ],
  ])("stores in a shared mapping are in the file after %s", (_, call) => {
    const { kernel, path, content, fd } = withFile(abi, 2, 5);
    const at = kernel.orThrow.mmap(0, 3 * PAGE, RW, MAP.SHARED, fd);
    // Plain stores, as a program's: WebAssembly tells nobody of them. The last one is behind the
    // file's end.
    const memory = kernel.process.u8();
    for (const offset of [0, PAGE + 7, 2 * PAGE + 4, 2 * PAGE + 5]) memory[at + offset] = 0x58;
    expect(contentOf(path)).toBe(content);
    expect(call(kernel, at, fd)).toBe(0);
    const expected = content.split("");
    for (const offset of [0, PAGE + 7, 2 * PAGE + 4]) expected[offset] = "X";
    expect(contentOf(path)).toBe(expected.join(""));
    kernel[Symbol.dispose]();
  });

  it("reading the file sees stores in a mapping, and a mapping what is written", () => {
    const { kernel, fd } = withFile(abi, 2);
    const buffer = kernel.mmap(0, PAGE);
    const at = kernel.mmap(0, PAGE, RW, MAP.SHARED, fd, PAGE);
    kernel.process.u8()[at + 1] = 0x58;
    expect(kernel.pread(fd, buffer, 3, PAGE)).toBe(3);
    expect(text(kernel, buffer, 3)).toBe("bXb");
    kernel.pwrite(fd, buffer, 3, PAGE + 1);
    expect(text(kernel, at, 5)).toBe("bbXbb");
    kernel.closeFiles();
  });

  it("a page beyond the file's end is a bus error", () => {
    const { kernel, fd } = withFile(abi, 1, 1);
    const at = kernel.mmap(0, 3 * PAGE, RW, MAP.SHARED, fd);
    expect(text(kernel, at + 2 * PAGE - 1, 1)).toBe("\0");
    expect(() => kernel.read(at + 2 * PAGE, 1)).toThrow(/SIGBUS.*file\d+/);
    kernel.closeFiles();
  });

  it("what would need memory in two places is refused", () => {
    const { kernel, path, fd } = withFile(abi, 3);
    const other = kernel.open(path, O.RDWR);
    const at = kernel.mmap(0, 2 * PAGE, RW, MAP.SHARED, fd);
    const refused = (result: number) => [result, kernel.errno];
    expect(refused(kernel.mmap(0, PAGE, RW, MAP.SHARED, fd, PAGE))).toEqual([
      FAILED,
      Errno.EOPNOTSUPP,
    ]);
    expect(refused(kernel.mmap(0, PAGE, PROT.READ, MAP.SHARED, other))).toEqual([
      FAILED,
      Errno.EOPNOTSUPP,
    ]);
    expect(refused(kernel.mremap(at, 0, PAGE, MREMAP.MAYMOVE))).toEqual([FAILED, Errno.EOPNOTSUPP]);
    expect(kernel.mmap(0, PAGE, RW, MAP.SHARED, other, 2 * PAGE)).toBeGreaterThan(0);
    expect(kernel.mmap(0, 3 * PAGE, RW, MAP.PRIVATE, other)).toBeGreaterThan(0);
    kernel.munmap(at, 2 * PAGE);
    expect(kernel.mmap(0, PAGE, RW, MAP.SHARED, other, PAGE)).toBeGreaterThan(0);
    kernel[Symbol.dispose]();
  });

  onLinux("maps shows offset, device, inode and path as Linux does", () => {
    const { kernel, path, fd } = withFile(abi, 4);
    const shared = kernel.mmap(0x2000_0000, 2 * PAGE, RW, MAP.SHARED, fd, PAGE);
    kernel.mmap(0x2001_0000, PAGE, PROT.READ, MAP.PRIVATE, fd, 3 * PAGE);
    const { dev, ino } = fs.statSync(path);
    const hex = (value: number) => value.toString(16).padStart(2, "0");
    const device = `${hex((dev >> 8) & 0xfff)}:${hex((dev & 0xff) | ((dev >> 12) & 0xfff00))}`;
    const lines = (name: string) =>
      [`20000000-20002000 rw-s 00001000`, `20010000-20011000 r--p 00003000`]
        .map((start) => `${`${start} ${device} ${ino} `.padEnd(73)}${name}\n`)
        .join("");
    expect(kernel.maps()).toBe(lines(path));
    fs.rmSync(path);
    expect(kernel.maps()).toBe(lines(`${path} (deleted)`));
    expect(kernel.findVma(shared)).toMatchObject({ offset: PAGE, inode: ino, pgoff: 1 });
    expect(kernel.findVma(shared)!.file!.isDeleted).toBe(true);
    // The descriptor is not needed for that.
    kernel.close(fd);
    expect(kernel.maps()).toBe(lines(`${path} (deleted)`));
    expect(openOn(path)).toBe(1);
    kernel[Symbol.dispose]();
    expect([kernel.maps(), openOn(path)]).toEqual(["", 0]);
  });

  it("a newline in a path does not end the line", () => {
    const kernel = startKernelSync({ abi });
    const fd = kernel.openFile(new MemoryFile([1], { path: "/a\nb" }));
    kernel.mmap(0, PAGE, PROT.READ, MAP.PRIVATE, fd);
    expect(kernel.maps()).toMatch(/ \/a\\012b\n$/);
  });

  it("/dev/zero is memory", () => {
    const kernel = startKernelSync({ abi });
    const fd = kernel.open("/dev/zero", O.RDWR);
    const at = kernel.mmap(0, PAGE, RW, MAP.PRIVATE, fd);
    kernel.mmap(at + PAGE, PAGE, RW, MAP.SHARED | MAP.FIXED, fd);
    kernel.write(at, [1]);
    expect(
      kernel
        .maps()
        .split("\n")
        .map((line) => line.slice(73)),
    ).toEqual(["/dev/zero", "/dev/zero (deleted)", ""]);
    expect([kernel.pread(fd, at, 1, 0), kernel.read(at, 1)[0]]).toEqual([1, 0]);
    expect(kernel.close(fd)).toBe(0);
  });

  it("smaps tells a file's pages from the process's own", () => {
    const { kernel, fd } = withFile(abi, 4);
    const at = kernel.mmap(0, 4 * PAGE, RW, MAP.PRIVATE, fd);
    kernel.touch(at, 1, "read");
    kernel.touch(at + PAGE, 1, "write");
    expect(kernel.usage(kernel.findVma(at)!)).toMatchObject({
      resident: 4,
      dirty: 1,
      anonymous: 1,
    });
    expect(kernel.smapsRollup()).toMatch(/^Pss_File: +12 kB$/m);
    kernel.munmap(at, 4 * PAGE);
    const shared = kernel.mmap(0, 4 * PAGE, RW, MAP.SHARED, fd);
    kernel.touch(shared, 2 * PAGE, "write");
    const usage = () => kernel.usage(kernel.findVma(shared)!);
    expect(usage()).toMatchObject({ resident: 2, dirty: 2, anonymous: 0 });
    expect(kernel.smapsRollup()).toMatch(/^Pss_Shmem: +0 kB$/m);
    kernel.process.u8()[shared] = 1;
    kernel.msync(shared, 4 * PAGE, MS.SYNC);
    expect(usage().dirty).toBeLessThan(2);
    kernel[Symbol.dispose]();
  });

  it("errors of the host's are the call's, and nothing is lost", () => {
    const kernel = startKernelSync({ abi });
    const file = new MemoryFile(new Uint8Array(PAGE));
    let isFull = true;
    const write = file.write.bind(file);
    file.write = (position, from) => {
      if (isFull) throw Object.assign(new Error(), { code: "ENOSPC" });
      write(position, from);
    };
    const fd = kernel.openFile(file);
    const at = kernel.mmap(0, PAGE, RW, MAP.SHARED, fd);
    kernel.write(at, [7]);
    const refused = (result: number) => [result, kernel.errno];
    expect(refused(kernel.msync(at, PAGE, MS.SYNC))).toEqual([FAILED, Errno.ENOSPC]);
    expect(refused(kernel.munmap(at, PAGE))).toEqual([FAILED, Errno.ENOSPC]);
    expect(() => kernel[Symbol.dispose]()).toThrow(/^munmap: ENOSPC/);
    expect(kernel.read(at, 1)[0]).toBe(7);
    isFull = false;
    kernel[Symbol.dispose]();
    expect([kernel.maps(), file.bytes()[0]]).toEqual(["", 7]);
  });

  it("the same object has one descriptor", () => {
    const kernel = startKernelSync({ abi });
    const file = new MemoryFile([1, 2, 3]);
    const fd = kernel.openFile(file);
    expect(() => kernel.openFile(file)).toThrow(TypeError);
    kernel.mmap(0, PAGE, RW, MAP.SHARED, fd);
    const again = kernel.openFile(file.reopen(O.RDWR));
    expect([kernel.mmap(0, PAGE, RW, MAP.SHARED, again), kernel.errno]).toEqual([
      FAILED,
      Errno.EOPNOTSUPP,
    ]);
  });

  it("a trace shows the calls on files", () => {
    const { kernel, fd } = withFile(abi, 1);
    const buffer = kernel.mmap(0, PAGE);
    const log = kernel.startStrace({ filter: "%desc", column: 0 });
    kernel.pread(fd, buffer, 40, PAGE - 5);
    kernel.pwrite(fd, buffer, 40, 2 ** 33);
    kernel.ftruncate(fd, 2 * PAGE);
    kernel.fdatasync(fd);
    kernel.close(fd);
    kernel.fsync(fd);
    const length = abi === "ilp32" ? "ftruncate64" : "ftruncate";
    expect(log.lines).toEqual([
      'pread64(3, "aaaaa", 40, 4091) = 5',
      `pwrite64(3, "aaaaa${"\\0".repeat(27)}"..., 40, 8589934592) = 40`,
      `${length}(3, 8192) = 0`,
      "fdatasync(3) = 0",
      "close(3) = 0",
      "fsync(3) = -1 EBADF (Bad file descriptor)",
    ]);
  });
});

import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { FileKind, mapsLine, O, openNodeFile, VM, type HostFile } from "../../../src/kernel.js";

// Reads and writes go through here, so that they can be cut short and interrupted.
const faults = vi.hoisted(() => ({ most: Infinity, interruptions: 0, calls: 0 }));

vi.mock(import("../../../src/base/node.js"), async (original) => {
  const { nodeModule, ...others } = await original();
  const real = nodeModule("node:fs")!;
  const interrupt = () => {
    faults.calls++;
    if (faults.interruptions-- > 0) throw Object.assign(new Error("EINTR"), { code: "EINTR" });
  };
  type Transfer = (
    fd: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ) => number;
  const faulty =
    (move: Transfer): Transfer =>
    (fd, bytes, offset, length, position) => {
      interrupt();
      return move(fd, bytes, offset, Math.min(length, faults.most), position);
    };
  const faultyFs = {
    ...real,
    readSync: faulty(real.readSync) as typeof real.readSync,
    writeSync: faulty(real.writeSync) as typeof real.writeSync,
  };
  return {
    ...others,
    nodeModule: ((name) => (name === "node:fs" ? faultyFs : nodeModule(name))) as typeof nodeModule,
  };
});

const folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "node-file-")));
const opened: HostFile[] = [];
let made = 0;

function newPath(content?: string): string {
  const path = join(folder, `file${++made}`);
  if (content !== undefined) fs.writeFileSync(path, content);
  return path;
}

function open(path: string, flags: number = O.RDWR, mode?: number): HostFile {
  const file = openNodeFile(path, flags, mode);
  opened.push(file);
  return file;
}

function codeOf(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return undefined;
}

function text(file: HostFile, position: number, length: number): string {
  const into = new Uint8Array(length);
  return Buffer.from(into.subarray(0, file.read(position, into))).toString("latin1");
}

afterEach(() => {
  Object.assign(faults, { most: Infinity, interruptions: 0, calls: 0 });
  for (const file of opened.splice(0)) file.close();
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

describe("reading and writing", () => {
  it("at any place", () => {
    const path = newPath("abcdef");
    const file = open(path);
    expect(file.size()).toBe(6);
    expect([text(file, 2, 3), text(file, 4, 9), text(file, 6, 1)]).toEqual(["cde", "ef", ""]);
    file.write(4, Buffer.from("XYZ"));
    expect(fs.readFileSync(path, "latin1")).toBe("abcdXYZ");
    file.truncate(2);
    file.truncate(4);
    expect(fs.readFileSync(path, "latin1")).toBe("ab\0\0");
    file.sync(true);
    file.sync(false);
  });

  it("beyond 2^32", () => {
    const file = open(newPath(""));
    const far = 2 ** 42 + 1;
    file.write(far, Buffer.from("far"));
    expect([file.size(), text(file, far - 1, 9)]).toEqual([far + 3, "\0far"]);
    file.truncate(far + 1);
    expect(file.size()).toBe(far + 1);
    expect(codeOf(() => file.write(Number.MAX_SAFE_INTEGER, Buffer.from("x")))).toBe("EFBIG");
  });

  it("in pieces, through signals", () => {
    const file = open(newPath(""));
    Object.assign(faults, { most: 3, interruptions: 2 });
    file.write(1, Buffer.from("abcdefgh"));
    expect(faults.calls).toBe(2 + 3);
    Object.assign(faults, { interruptions: 2, calls: 0 });
    expect(text(file, 0, 100)).toBe("\0abcdefgh");
    // The last one finds the end.
    expect(faults.calls).toBe(2 + 3 + 1);
  });

  it("fails when nothing at all can be written", () => {
    const file = open(newPath(""));
    faults.most = 0;
    expect(codeOf(() => file.write(0, Buffer.from("x")))).toBe("EIO");
  });

  it("once closed it is no other file, even if that has its number", () => {
    const file = openNodeFile(newPath("a"), O.RDONLY);
    file.close();
    const other = open(newPath("b"));
    file.close();
    expect(text(other, 0, 1)).toBe("b");
    expect(codeOf(() => text(file, 0, 1))).toBe("EBADF");
  });
});

describe("opening", () => {
  it("makes files, as the mode and the umask say", () => {
    const path = newPath();
    expect(codeOf(() => open(path))).toBe("ENOENT");
    const file = open(path, O.RDWR | O.CREAT | O.EXCL, 0o640);
    expect(fs.statSync(path).mode & 0o777).toBe(0o640 & ~process.umask());
    expect(codeOf(() => open(path, O.RDWR | O.CREAT | O.EXCL))).toBe("EEXIST");
    expect(file.flags).toBe(O.RDWR | O.CREAT | O.EXCL);
    const plain = newPath();
    open(plain, O.WRONLY | O.CREAT);
    expect(fs.statSync(plain).mode & 0o777).toBe(0o666 & ~process.umask());
  });

  it("truncates with O.TRUNC", () => {
    expect(open(newPath("abc"), O.RDWR | O.TRUNC).size()).toBe(0);
  });

  it("writes where it is told to even with O.APPEND: mappings are written back so", () => {
    const path = newPath("abc");
    const file = open(path, O.RDWR | O.APPEND);
    file.write(0, Buffer.from("X"));
    expect(fs.readFileSync(path, "latin1")).toBe("Xbc");
    expect(file.flags & O.APPEND).toBe(O.APPEND);
  });

  it("refuses what is not what it should be", () => {
    const path = newPath("abc");
    expect(codeOf(() => open(path, O.RDONLY | O.DIRECTORY))).toBe("ENOTDIR");
    expect(codeOf(() => open(folder, O.RDWR))).toBe("EISDIR");
    expect(codeOf(() => open(`${path}/x`, O.RDONLY))).toBe("ENOTDIR");
    expect(codeOf(() => open("x".repeat(300), O.RDONLY))).toBe("ENAMETOOLONG");
    const link = newPath();
    fs.symlinkSync(path, link);
    expect(open(link).path).toBe(path);
    expect(codeOf(() => open(link, O.RDONLY | O.NOFOLLOW))).toBe("ELOOP");
    expect(codeOf(() => text(open(folder, O.RDONLY), 0, 1))).toBe("EISDIR");
    expect(codeOf(() => open(path, O.RDONLY).write(0, Buffer.from("x")))).toBe("EBADF");
  });

  it("O.PATH gives a place that cannot be used", () => {
    const path = newPath("abc");
    const file = open(path, O.PATH | O.RDWR | O.TRUNC);
    expect(file).toMatchObject({ kind: FileKind.REGULAR, path, inode: fs.statSync(path).ino });
    expect(file.size()).toBe(3);
    for (const call of [
      () => text(file, 0, 1),
      () => file.write(0, Buffer.from("x")),
      () => file.truncate(0),
      () => file.sync(true),
    ])
      expect(codeOf(call)).toBe("EBADF");
    expect(codeOf(() => open(path, O.PATH | O.DIRECTORY))).toBe("ENOTDIR");
    expect(open(folder, O.PATH | O.DIRECTORY).kind).toBe(FileKind.DIRECTORY);
    expect(codeOf(() => open(newPath(), O.PATH))).toBe("ENOENT");
    const dangling = newPath();
    fs.symlinkSync("/nowhere/at/all", dangling);
    expect(codeOf(() => open(dangling, O.PATH))).toBe("ENOENT");
    expect(codeOf(() => open(dangling, O.PATH | O.NOFOLLOW))).toBeUndefined();
  });

  it("knows what a file is", () => {
    const kind = (path: string, flags: number) => open(path, flags).kind;
    expect(kind(folder, O.RDONLY)).toBe(FileKind.DIRECTORY);
    expect(kind("/dev/zero", O.RDWR)).toBe(FileKind.ZERO);
    expect(kind("/dev/null", O.RDWR)).toBe(FileKind.CHARACTER);
    const fifo = newPath();
    execFileSync("mkfifo", [fifo]);
    expect(kind(fifo, O.RDONLY | O.NONBLOCK)).toBe(FileKind.PIPE);
  });
});

describe("names", () => {
  it("follow the file", () => {
    const path = newPath("a");
    const file = open(path);
    expect(file).toMatchObject({ path, isDeleted: false });
    if (process.platform === "linux") {
      fs.renameSync(path, `${path}.new`);
      expect(file.path).toBe(`${path}.new`);
    }
    fs.rmSync(file.path);
    expect(file.isDeleted).toBe(true);
    expect(file.path.startsWith(path)).toBe(true);
  });

  it.runIf(process.platform === "linux")("without one the file is deleted from the start", () => {
    const file = open(folder, O.RDWR | O.TMPFILE);
    expect(file).toMatchObject({ kind: FileKind.REGULAR, isDeleted: true });
    expect(file.path.startsWith(`${folder}/#`)).toBe(true);
  });

  it.runIf(process.platform === "linux")("device and inode are those of Linux's own maps", () => {
    const maps = fs.readFileSync("/proc/self/maps", "utf8").split("\n");
    const native = maps.find((line) => line.endsWith(` ${process.execPath}`))!;
    const { path, device, inode } = open(process.execPath, O.RDONLY);
    const region = { start: 0, end: 0, flags: VM.READ, offset: 0, device, inode, name: path };
    const tail = (line: string) => line.trimEnd().split(/ +/).slice(3).join(" ");
    expect(tail(mapsLine(region))).toBe(tail(native));
  });
});

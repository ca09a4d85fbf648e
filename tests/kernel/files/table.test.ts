import { describe, expect, it } from "vitest";
import { Errno, FileTable, MemoryFile, O, type HostFile } from "../../../src/kernel.js";

const WASM_PAGE = 65536;

function tableOver(memory: WebAssembly.Memory): FileTable {
  return new FileTable(() => new Uint8Array(memory.buffer));
}

/** A file every use of which fails. */
function failing(error: unknown): HostFile {
  const fail = (): never => {
    throw error;
  };
  const operations = { size: fail, read: fail, write: fail, truncate: fail, sync: fail };
  return Object.assign(new MemoryFile(), { ...operations, close: fail });
}

/** What each of the imports gives for a file. */
function results({ imports }: FileTable, number: number): number[] {
  return [
    imports.file_read(number, 0, 0, 1),
    imports.file_write(number, 0, 0, 1),
    imports.file_size(number),
    imports.file_truncate(number, 1),
    imports.file_sync(number, 1),
    imports.file_close(number),
  ];
}

describe("numbers", () => {
  it("are the lowest free ones", () => {
    const table = tableOver(new WebAssembly.Memory({ initial: 1 }));
    const files = [0, 1, 2, 3].map(() => new MemoryFile());
    expect(files.map((file) => table.add(file))).toEqual([0, 1, 2, 3]);
    expect(table.remove(2)).toBe(files[2]);
    expect(table.imports.file_close(1)).toBe(0);
    expect([table.get(1), table.get(2), table.get(3)]).toEqual([undefined, undefined, files[3]]);
    expect([files[2]!, files[1]!, new MemoryFile()].map((file) => table.add(file))).toEqual([
      1, 2, 4,
    ]);
    expect(table.remove(9)).toBeUndefined();
  });

  it("one object has one", () => {
    const table = tableOver(new WebAssembly.Memory({ initial: 1 }));
    const file = new MemoryFile([], { path: "/twice" });
    table.add(file);
    expect(() => table.add(file)).toThrow('"/twice" is open already');
    expect(table.add(file.reopen(O.RDONLY))).toBe(1);
  });

  it("of files that are one file say so, while one of them is there", () => {
    const table = tableOver(new WebAssembly.Memory({ initial: 1 }));
    const file = new MemoryFile();
    const identities = [file, file.reopen(O.RDONLY), new MemoryFile()]
      .map((each) => table.add(each))
      .map((number) => table.identityOf(number));
    expect(identities[1]).toBe(identities[0]);
    expect(identities[2]).not.toBe(identities[0]);
    expect(identities.every((identity) => identity > 0)).toBe(true);
    table.remove(0);
    expect(table.identityOf(table.add(file.reopen(O.RDWR)))).toBe(identities[0]);
    expect(() => table.identityOf(9)).toThrow(/^EBADF/);
  });

  it("a large inode is not taken for its neighbour", () => {
    const table = tableOver(new WebAssembly.Memory({ initial: 1 }));
    const at = (inode: number | bigint) => Object.assign(new MemoryFile(), { inode });
    const numbers = [at(2n ** 62n + 1n), at(2n ** 62n + 2n), at(2n ** 62n + 1n), at(1), at(1n)];
    const [a, b, c, d, e] = numbers.map((file) => table.identityOf(table.add(file)));
    expect([a === b, a === c, d === e]).toEqual([false, true, true]);
  });
});

describe("the imports", () => {
  it("move bytes between the memory, as it is now, and the file", () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const table = tableOver(memory);
    const file = new MemoryFile([1, 2, 3, 4, 5]);
    const number = table.add(file);
    memory.grow(1);
    const { imports } = table;
    expect(imports.file_size(number)).toBe(5);
    expect(imports.file_read(number, 1, WASM_PAGE + 8, 100)).toBe(4);
    expect([...new Uint8Array(memory.buffer, WASM_PAGE + 7, 6)]).toEqual([0, 2, 3, 4, 5, 0]);
    expect(imports.file_write(number, 6, WASM_PAGE + 9, 2)).toBe(2);
    expect([...file.bytes()]).toEqual([1, 2, 3, 4, 5, 0, 3, 4]);
    expect(imports.file_truncate(number, 2 ** 52)).toBe(0);
    expect(imports.file_size(number)).toBe(2 ** 52);
    expect(imports.file_sync(number, 0)).toBe(0);
    expect(imports.file_close(number)).toBe(0);
    expect(results(table, number)).toEqual(Array<number>(6).fill(-Errno.EBADF));
  });

  it("refuse what would make a file longer than a number is exact", () => {
    const table = tableOver(new WebAssembly.Memory({ initial: 1 }));
    const number = table.add(new MemoryFile());
    expect(table.imports.file_truncate(number, 2 ** 53 - 1)).toBe(0);
    expect(table.imports.file_truncate(number, 2 ** 53)).toBe(-Errno.EFBIG);
    expect(table.imports.file_write(number, 2 ** 53 - 2, 0, 2)).toBe(-Errno.EFBIG);
  });

  it("take addresses and lengths as WebAssembly gives them: signed", () => {
    const seen: (readonly [number, number])[] = [];
    // As large as a memory can be, without being one.
    const bytes = {
      subarray: (start: number, end: number) => {
        seen.push([start, end]);
        return new Uint8Array(0);
      },
    };
    const table = new FileTable(() => bytes as unknown as Uint8Array);
    const number = table.add(new MemoryFile());
    table.imports.file_read(number, 0, -8192, 4096);
    table.imports.file_read(number, 0, 4096, -4096);
    expect(seen).toEqual([
      [2 ** 32 - 8192, 2 ** 32 - 4096],
      [4096, 4096 + 0x7ffff000],
    ]);
  });

  it.each<[string, unknown, number]>([
    ["ENOSPC", Object.assign(new Error(), { code: "ENOSPC" }), Errno.ENOSPC],
    ["libuv's ENOTSUP", Object.assign(new Error(), { code: "ENOTSUP" }), Errno.EOPNOTSUPP],
    ["a full disk of a browser", new DOMException("", "QuotaExceededError"), Errno.ENOSPC],
    ["a permission taken away", new DOMException("", "NotAllowedError"), Errno.EACCES],
    ["a number that nobody knows", Object.assign(new Error(), { code: "EWEIRD" }), Errno.EIO],
    ["the name of something else", Object.assign(new Error(), { code: "toString" }), Errno.EIO],
    ["any other error", new RangeError("?"), Errno.EIO],
    ["nothing", undefined, Errno.EIO],
  ])("turn errors into numbers: %s", (_, error, errno) => {
    const table = tableOver(new WebAssembly.Memory({ initial: 1 }));
    const number = table.add(failing(error));
    expect(results(table, number)).toEqual(Array<number>(6).fill(-errno));
    // It could not be closed, but the number is free.
    expect(table.get(number)).toBeUndefined();
  });
});

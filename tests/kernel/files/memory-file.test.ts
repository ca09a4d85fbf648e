import { describe, expect, it } from "vitest";
import { FileKind, MemoryFile, O } from "../../../src/kernel.js";

function readAll(file: MemoryFile, position: number, length: number): number[] {
  const into = new Uint8Array(length).fill(0xee);
  const got = file.read(position, into);
  return [...into.subarray(0, got)];
}

describe("MemoryFile", () => {
  it("holds a copy of what it is given", () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const file = new MemoryFile(bytes);
    bytes[0] = 9;
    expect([...file.bytes()]).toEqual([1, 2, 3]);
    expect([file.kind, file.size(), file.flags]).toEqual([FileKind.REGULAR, 3, O.RDWR]);
  });

  it("reads fewer bytes only at its end", () => {
    const file = new MemoryFile([1, 2, 3, 4]);
    expect(readAll(file, 1, 2)).toEqual([2, 3]);
    expect(readAll(file, 3, 9)).toEqual([4]);
    expect(readAll(file, 4, 9)).toEqual([]);
    expect(readAll(file, 2 ** 52, 9)).toEqual([]);
  });

  it("grows, with zeros in between", () => {
    const file = new MemoryFile([1]);
    file.write(4, Uint8Array.of(5, 6));
    expect([...file.bytes()]).toEqual([1, 0, 0, 0, 5, 6]);
    for (let at = 6; at < 5000; at++) file.write(at, Uint8Array.of(at % 251));
    expect(file.size()).toBe(5000);
    expect(readAll(file, 4998, 3)).toEqual([4998 % 251, 4999 % 251]);
  });

  it("is zero behind where it was cut, however it grows again", () => {
    const file = new MemoryFile([1, 2, 3, 4, 5, 6]);
    file.truncate(2);
    expect([...file.bytes()]).toEqual([1, 2]);
    file.truncate(4);
    expect([...file.bytes()]).toEqual([1, 2, 0, 0]);
    file.truncate(1);
    file.write(4, Uint8Array.of(7));
    expect([...file.bytes()]).toEqual([1, 0, 0, 0, 7]);
  });

  it("has holes that cost nothing", () => {
    const file = new MemoryFile([1]);
    file.truncate(2 ** 50);
    expect(file.size()).toBe(2 ** 50);
    expect(readAll(file, 2 ** 50 - 2, 4)).toEqual([0, 0]);
    expect(readAll(file, 0, 3)).toEqual([1, 0, 0]);
    expect(() => file.write(2 ** 50, Uint8Array.of(1))).toThrow(/^ENOSPC: No space left/);
    expect(file.size()).toBe(2 ** 50);
  });

  it("opened again it is the same file; another one is not", () => {
    const file = new MemoryFile([1, 2, 3], { path: "/a", flags: O.RDWR });
    const again = file.reopen(O.RDONLY);
    expect(again).toMatchObject({ path: "/a", flags: O.RDONLY, inode: file.inode });
    expect(again.device).toEqual(file.device);
    file.write(0, Uint8Array.of(9));
    expect([...again.bytes()]).toEqual([9, 2, 3]);
    file.unlink();
    expect(again.isDeleted).toBe(true);
    expect(file.reopen(O.RDWR | O.TRUNC).size()).toBe(0);
    expect(again.size()).toBe(0);
    expect(new MemoryFile().inode).not.toBe(file.inode);
    expect(new MemoryFile()).toMatchObject({ isDeleted: false });
  });
});

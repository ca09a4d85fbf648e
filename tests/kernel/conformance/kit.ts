// What the conformance cases are written with: a process, calls that must succeed or fail in one
// way, and bytes.

import { expect } from "vitest";
import type { Abi } from "../../../src/layout/address.js";
import * as flags from "../../../src/kernel/flags.js";
import { MADV, MCL, MPOL, MREMAP, MS, RLIMIT } from "../../../src/kernel/flags.js";
import { FileKind, KernelOption } from "../../../src/layout/generated.js";
import type { AddressLayout } from "../../../src/process/process.js";
import { ERRNO, errorName, Machine, PAGE } from "../support/machine.js";
import type { CallName, Region } from "../support/machine.js";
import { MemoryBytes, MemoryFiles } from "../support/memory-files.js";

export { ERRNO, FileKind, KernelOption, MemoryBytes, PAGE };

// As src/kernel has them, and what the cases have another name for.
export { MADV, MCL, MPOL, MREMAP, MS, RLIMIT };
export const PROT = { ...flags.PROT, RW: flags.PROT.READ | flags.PROT.WRITE } as const;
export const MAP = { ...flags.MAP, BIT32: flags.MAP["32BIT"] } as const;
/** How a file can be open (bits/fcntl-linux.h). */
export const O = { RDONLY: 0, WRONLY: 1, RDWR: 2, APPEND: 0x400, PATH: 0x20_0000 } as const;
export const SIGBUS = 7;
export const SIGSEGV = 11;
export const VM_LOCKED = 0x2000;
export const RLIM_INFINITY = 2n ** 64n - 1n;

/** An address that no case but those that ask for it uses. */
export const ADDRESS = 0x3000000;

// Beyond the first GiB, where MAP_32BIT looks for room.
const TASK_SIZE = 0x50000000;
// Low: engines collect garbage for every large memory.
const MMAP_BASE = 0x5000000;
const PRIVATE_ANONYMOUS = MAP.PRIVATE | MAP.ANONYMOUS;

/** Contents of files and memory: a size stands for as many zeros, a text for its characters. */
export type Contents = number | string | Uint8Array;

/** The bytes that `contents` stands for. */
export function bytesOf(contents: Contents): Uint8Array {
  if (typeof contents === "string") return new TextEncoder().encode(contents);
  return typeof contents === "number" ? new Uint8Array(contents) : contents;
}

/** A process and what one says about it in a case. */
export class Kit {
  readonly m: Machine;
  readonly files = new MemoryFiles();
  readonly taskSize = TASK_SIZE;
  readonly #inodes = new Map<MemoryBytes, number>();
  #scratch = 0;

  constructor(abi: Abi, layout: AddressLayout = "linux") {
    const where = { layout, mmapBase: MMAP_BASE, taskSize: TASK_SIZE };
    this.m = new Machine({ abi, ...where, files: this.files });
    this.files.memory = this.m.process.memory;
  }

  /** A call that must succeed. */
  ok(name: CallName, ...args: (number | bigint)[]): number {
    const result = this.m.call(name, ...args);
    if (result < 0) expect.fail(`${name}(${args.join(", ")}) failed: ${errorName(result)}`);
    return result;
  }

  /** A call that must fail with this error. */
  fails(error: keyof typeof ERRNO, name: CallName, ...args: (number | bigint)[]): void {
    const result = this.m.call(name, ...args);
    expect(errorName(result) ?? result, `${name}(${args.join(", ")})`).toBe(error);
  }

  /** New anonymous memory. */
  map(pages: number, prot: number = PROT.RW, flags: number = MAP.PRIVATE, address = 0): number {
    return this.ok("mmap", address, pages * PAGE, prot, flags | MAP.ANONYMOUS, -1, 0);
  }

  /** As `map`, for a case that says what fails. */
  mapFails(
    error: keyof typeof ERRNO,
    length: number | bigint,
    prot: number = PROT.RW,
    flags: number = PRIVATE_ANONYMOUS,
    address: number | bigint = 0,
  ): void {
    this.fails(error, "mmap", address, length, prot, flags, -1, 0);
  }

  /** A file of the host's. What it holds is `bytes`. */
  file(contents: Contents): MemoryBytes {
    return new MemoryBytes(bytesOf(contents));
  }

  /** A descriptor for a file, or -errno. */
  tryOpen(file: MemoryBytes, flags: number = O.RDWR, kind: number = FileKind.REGULAR): number {
    const inode = this.#inodes.get(file) ?? this.#inodes.size + 1;
    this.#inodes.set(file, inode);
    return this.m.process.raw.open_file(this.files.open(file), inode, kind, flags);
  }

  /** As `tryOpen`, which must succeed. */
  open(file: MemoryBytes, flags: number = O.RDWR, kind: number = FileKind.REGULAR): number {
    const fd = this.tryOpen(file, flags, kind);
    if (fd < 0) expect.fail(`open_file failed: ${errorName(fd)}`);
    return fd;
  }

  /** A new file's descriptor. */
  openNew(contents: Contents, flags: number = O.RDWR, kind: number = FileKind.REGULAR): number {
    return this.open(this.file(contents), flags, kind);
  }

  /** `length` bytes of a file from `offset` on, mapped. */
  mapFile(
    fd: number,
    length: number,
    prot: number,
    flags: number,
    offset: number | bigint = 0,
  ): number {
    return this.ok("mmap", 0, length, prot, flags, fd, offset);
  }

  /** A position in a file as the calls take it. */
  position(at: number | bigint): bigint[] {
    const bytes = BigInt(at);
    return this.m.abi === "ilp32" ? [bytes & 0xffff_ffffn, bytes >> 32n] : [bytes];
  }

  /** What pread gives, a page at most. */
  pread(fd: number, length: number, position: number): Uint8Array {
    const at = this.scratch;
    const got = this.ok("pread64", fd, at, length, ...this.position(position));
    return this.m.process.u8().slice(at, at + got);
  }

  /** Writes to a file, a page at most. */
  pwrite(fd: number, contents: Contents, position: number): void {
    const bytes = bytesOf(contents);
    const at = this.scratch;
    this.m.process.u8().set(bytes, at);
    const written = this.ok("pwrite64", fd, at, bytes.length, ...this.position(position));
    expect(written).toBe(bytes.length);
  }

  /** Stores bytes through the model; the signal, or 0. */
  put(address: number, contents: Contents): number {
    const bytes = bytesOf(contents);
    const signal = this.m.touch(address, bytes.length, true);
    if (signal === 0) this.m.process.u8().set(bytes, address);
    return signal;
  }

  /** Loads bytes through the model, which must let that happen. */
  get(address: number, length: number): Uint8Array {
    expect(this.m.touch(address, length, false)).toBe(0);
    return this.m.process.u8().slice(address, address + length);
  }

  /** The region that holds an address. */
  regionOf(address: number): Region | undefined {
    return this.m.regions(address, address + 1)[0];
  }

  isMapped(address: number): boolean {
    return this.regionOf(address) !== undefined;
  }

  isLocked(address: number): boolean {
    const isLocked = ((this.regionOf(address)?.flags ?? 0) & VM_LOCKED) !== 0;
    const result = this.m.call("msync", address, PAGE, MS.ASYNC | MS.INVALIDATE);
    expect(result, "msync(MS_INVALIDATE) tells locked pages").toBe(isLocked ? -ERRNO.EBUSY : 0);
    return isLocked;
  }

  /** How many regions [start, start + pages) consists of; -1 where there is a hole. */
  pieces(start: number, pages: number): number {
    const regions = this.m.regions(start, start + pages * PAGE);
    let at = start;
    for (const region of regions) {
      if (region.start > at) return -1;
      at = region.end;
    }
    return at >= start + pages * PAGE ? regions.length : -1;
  }

  /** Writes a byte through the model; the signal, or 0. */
  write(address: number, value: number): number {
    const signal = this.m.touch(address, 1, true);
    if (signal === 0) this.m.poke(address, value);
    return signal;
  }

  /** Reads a byte through the model; minus the signal where it gets one. */
  read(address: number): number {
    const signal = this.m.touch(address, 1, false);
    return signal === 0 ? this.m.peek(address) : -signal;
  }

  /** Writes every byte of some pages. */
  fill(address: number, pages: number, value: number): void {
    expect(this.m.touch(address, pages * PAGE, true)).toBe(0);
    this.m.process.u8().fill(value, address, address + pages * PAGE);
  }

  /** Whether every byte of some pages reads as this. */
  holds(address: number, pages: number, value: number): boolean {
    expect(this.m.touch(address, pages * PAGE, false)).toBe(0);
    const bytes = this.m.process.u8().subarray(address, address + pages * PAGE);
    return bytes.every((byte) => byte === value);
  }

  /** A page of the program's for system calls to write to. */
  get scratch(): number {
    if (this.#scratch === 0) {
      this.#scratch = this.map(1);
      this.fill(this.#scratch, 1, 0);
    }
    return this.#scratch;
  }

  /** mincore's answer, one bit a page. */
  resident(address: number, length: number): number[] {
    const vector = this.scratch;
    this.ok("mincore", address, length, vector);
    return Array.from({ length: Math.ceil(length / PAGE) }, (_, i) => this.m.peek(vector + i) & 1);
  }

  /** prlimit64 of this process; the raw result. */
  setLimit(which: number, soft: number | bigint, hard: number | bigint = RLIM_INFINITY): number {
    const at = this.scratch;
    const view = this.m.process.view();
    view.setBigUint64(at, BigInt(soft), true);
    view.setBigUint64(at + 8, BigInt(hard), true);
    return this.m.call("prlimit64", 0, which, at, 0);
  }

  /** Both limits of a resource. */
  limits(which: number): { soft: bigint; hard: bigint } {
    const at = this.scratch;
    this.ok("prlimit64", 0, which, 0, at);
    const view = this.m.process.view();
    return { soft: view.getBigUint64(at, true), hard: view.getBigUint64(at + 8, true) };
  }

  /** Lowers the soft limit of a resource, the hard one stays. */
  lower(which: number, soft: number): void {
    expect(this.setLimit(which, soft, this.limits(which).hard)).toBe(0);
  }

  /** The raw break. */
  get brk(): number {
    return this.ok("brk", 0);
  }

  /** libc's brk and sbrk (man 2 brk): 0 or -1; the previous break or -1. */
  libcBrk(address: number): number {
    return this.m.process.raw.brk(this.m.word(address));
  }

  libcSbrk(increment: number): number {
    const sbrk = this.m.process.raw.sbrk;
    const result = sbrk(this.m.word(increment));
    if (Number(result) === -1) return -1;
    return this.m.unsigned(result);
  }

  get errno(): number {
    return this.m.process.errno;
  }
}

/** A case by the name of the one that it mirrors. */
export type Cases = Readonly<Record<string, (k: Kit) => void>>;

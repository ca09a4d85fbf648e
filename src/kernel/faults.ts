// What happens when a program touches memory that it may not: natively a signal, here an error that
// says what the signal would have said, and which mapping was in the way.

import { permissions } from "./proc/maps.js";
import type { Region } from "./regions.js";

/** How memory was accessed; "execute" is the fetching of instructions. */
export type Access = "read" | "write" | "execute";

/**
 * siginfo's si_code: nothing is mapped there, or the mapping does not allow it; for SIGBUS, no page
 * behind the mapping.
 */
export type FaultCode = "SEGV_MAPERR" | "SEGV_ACCERR" | "BUS_ADRERR";

function hex(address: number): string {
  return `0x${address.toString(16)}`;
}

function mapping(vma: Region): string {
  const name = vma.name === "" ? "" : ` ${vma.name}`;
  return `${vma.start.toString(16)}-${vma.end.toString(16)} ${permissions(vma.flags)}${name}`;
}

/** A memory access that a signal would have answered. */
export class MemoryFault extends Error {
  /** "MemoryFault", also where a bundler has renamed the class. */
  override readonly name: string = "MemoryFault";
  /** The signal that natively would have been sent. */
  readonly signal: "SIGSEGV" | "SIGBUS";
  /** siginfo's si_code. */
  readonly code: FaultCode;
  /** The first address that could not be accessed, unsigned: siginfo's si_addr. */
  readonly address: number;
  /** What was tried. */
  readonly access: Access;
  /** The mapping at the address; undefined when there is none. */
  readonly vma: Region | undefined;

  /**
   * @param signal which
   * @param access what was tried
   * @param address the first byte that could not be accessed
   * @param vma the mapping there, if there is one
   */
  constructor(
    signal: "SIGSEGV" | "SIGBUS",
    access: Access,
    address: number,
    vma: Region | undefined,
  ) {
    const code =
      signal === "SIGBUS" ? "BUS_ADRERR" : vma === undefined ? "SEGV_MAPERR" : "SEGV_ACCERR";
    const where = vma === undefined ? "nothing is mapped there" : `in ${mapping(vma)}`;
    super(`${signal} (${code}): ${access} at ${hex(address)}, ${where}`);
    this.signal = signal;
    this.code = code;
    this.address = address;
    this.access = access;
    this.vma = vma;
  }
}

/** Access to an address that is not mapped, or in a way that its mapping forbids. */
export class SegmentationFault extends MemoryFault {
  /** "SegmentationFault", also where a bundler has renamed the class. */
  override readonly name = "SegmentationFault";

  /**
   * @param access what was tried
   * @param address the first byte that could not be accessed
   * @param vma the mapping there, if there is one
   */
  constructor(access: Access, address: number, vma: Region | undefined) {
    super("SIGSEGV", access, address, vma);
  }
}

/** Access to a mapping behind the end of its file. */
export class BusError extends MemoryFault {
  /** "BusError", also where a bundler has renamed the class. */
  override readonly name = "BusError";

  /**
   * @param access what was tried
   * @param address the first byte that could not be accessed
   * @param vma the mapping there, if there is one
   */
  constructor(access: Access, address: number, vma: Region | undefined) {
    super("SIGBUS", access, address, vma);
  }
}

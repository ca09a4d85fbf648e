// Access to a process's memory as the machine would allow it: mapped pages only, and only as their
// mapping says. WebAssembly itself cannot protect memory, so whoever wants to be told of mistakes
// goes through here.

import { checkInteger } from "../base/checks.js";
import { PAGE_BYTES } from "../process/options.js";
import type { Process } from "../process/process.js";
import type { Abi } from "../layout/address.js";
import { BusError, SegmentationFault, type Access, type MemoryFault } from "./faults.js";
import { findVma, type NameSource } from "./vmas.js";
import { SIGBUS } from "../layout/generated.js";
import { ADDRESS_MAX } from "../layout/address.js";

/** The memory of one process, behind the checks that the machine would do. */
export class CheckedMemory {
  readonly #process: Process<Abi, "full">;
  readonly #names: NameSource;

  /**
   * @param process a process of the `full` build
   * @param names for the mappings in messages
   */
  constructor(process: Process<Abi, "full">, names: NameSource) {
    this.#process = process;
    this.#names = names;
  }

  /** Marks pages as used, as an access would. @throws SegmentationFault, BusError */
  touch(address: number, length: number, access: Access): void {
    checkInteger(`${access}: address`, address, { min: 0, max: ADDRESS_MAX });
    checkInteger(`${access}: length`, length, { min: 0, max: 2 ** 32 });
    if (length === 0) return;
    if (address + length > 2 ** 32) throw this.#fault(address, 2 ** 32 - address, access);
    if (this.#signal(address, length, access) !== 0) throw this.#fault(address, length, access);
  }

  /** Copies bytes out. @throws SegmentationFault, BusError */
  read(address: number, length: number): Uint8Array {
    this.touch(address, length, "read");
    return this.#process.u8().slice(address, address + length);
  }

  /**
   * Copies bytes in; nothing is written when any byte of the range cannot be.
   * @throws SegmentationFault, BusError
   */
  write(address: number, bytes: ArrayLike<number>): void {
    this.touch(address, bytes.length, "write");
    this.#process.u8().set(bytes, address);
  }

  /** Looks at memory as a debugger would, without touching it; undefined where nothing is. */
  peek(address: number, length: number): Uint8Array | undefined {
    const bytes = this.#process.u8();
    if (address < PAGE_BYTES || address + length > bytes.length) return undefined;
    const isLibcs = address >= this.#process.base && address + length <= this.#process.startBrk;
    if (!isLibcs) {
      for (let at = address; at < address + length;) {
        const vma = findVma(this.#process, at, this.#names);
        if (vma === undefined) return undefined;
        at = vma.end;
      }
    }
    return bytes.slice(address, address + length);
  }

  /** What an access would do: 0, or the signal. */
  #signal(address: number, length: number, access: Access): number {
    const { raw } = this.#process;
    if (access === "execute") return raw.fetch(address, length);
    return raw.touch(address, length, access === "write" ? 1 : 0);
  }

  /** The error for the first page of the range that cannot be accessed. */
  #fault(address: number, length: number, access: Access): MemoryFault {
    for (let at = address; at < address + length; at += PAGE_BYTES - (at % PAGE_BYTES)) {
      const signal = this.#signal(at, 1, access);
      if (signal === 0) continue;
      const vma = findVma(this.#process, at, this.#names);
      return signal === SIGBUS
        ? new BusError(access, at, vma)
        : new SegmentationFault(access, at, vma);
    }
    return new SegmentationFault(access, address + length, undefined);
  }
}

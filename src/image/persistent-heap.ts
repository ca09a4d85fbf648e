// A heap that survives: its pages, from the base to the break, lie in a file, and a later process
// goes on with them at the same address. What was allocated and freed, where, and what is cached is
// all in these pages, so the new process serves every request as the old one would have.

import type { Heap } from "../heap/heap.js";
import { checkInteger, show } from "../base/checks.js";
import { described, inspect } from "../base/describe.js";
import type { RawExports } from "../binary/exports.js";
import { errorOf } from "../process/failures.js";
import type { BrokenInvariant } from "../process/failures.js";
import type { HostFile } from "../kernel/files/host-file.js";
import type { Abi, Mem } from "../layout/address.js";
import { HeapImageError } from "./errors.js";
import type { DamagedPage } from "./errors.js";
import { fingerprintOf, FORMAT_VERSION } from "./header.js";
import type { ImageFile, MsyncResult } from "./image-file.js";

type Image = RawExports<Abi, "image">;

/** A heap in a file. Make one with `openHeapImage`. */
export class PersistentHeap<A extends Abi = Abi> {
  /**
   * The heap itself: malloc, free, views. What is stored there is in the file from the next msync
   * on.
   */
  readonly heap: Heap<A, "image">;
  readonly #image: ImageFile;
  readonly #fingerprint: bigint;
  #root: Mem;
  #isClosed = false;

  /** Not for use from outside: see `openHeapImage`. @internal */
  constructor(heap: Heap<A, "image">, image: ImageFile) {
    this.heap = heap;
    this.#image = image;
    const { structs, glibc } = heap.process;
    this.#fingerprint = fingerprintOf(structs, FORMAT_VERSION, glibc);
    this.#root = image.header?.root ?? 0;
  }

  /** The file that the heap is in. */
  get file(): HostFile {
    return this.#image.file;
  }

  /**
   * Which state of the heap the file has: grows with each msync that changed something; 0: none
   * yet.
   */
  get generation(): number {
    return this.#image.generation;
  }

  /** Pages that opening the file took from the journal of an msync that was killed on its way. */
  get recoveredPages(): number {
    return this.#image.recoveredPages;
  }

  /**
   * Pages that had not their checksums when the file was opened. There are none unless it was
   * opened with `check: false`. The next msync takes them for what they are to be.
   */
  get damagedPages(): readonly DamagedPage[] {
    return this.#image.damagedPages;
  }

  /**
   * An address of the program's choice, kept in the file from the next msync on: how a later
   * process finds its data. 0 when never set.
   * @throws TypeError, RangeError when it is set to something that is no address in the memory
   */
  get root(): Mem {
    return this.#root;
  }

  /** Sets it. */
  set root(address: Mem) {
    const max = this.heap.memory.buffer.byteLength;
    this.#root = checkInteger("root", address, { min: 0, max });
  }

  /**
   * Brings the heap, as it is now, to the file (msync(2) with MS_SYNC): all of it or, when the
   * process dies meanwhile, nothing. The heap is not checked for that: see `check`.
   * @returns what there was to write; nothing when nothing changed
   * @throws HeapImageError "mapped-outside" or "changed-elsewhere", and nothing was written;
   *   HeapDeadError after an abort or `close`;
   *   the file's own errors, such as ENOSPC: the file has the old state or the new one
   */
  msync(): MsyncResult {
    this.heap.assertAlive("msync");
    const { process } = this.heap;
    const raw = process.raw as Image;
    const end = raw.image_end() >>> 0;
    if (end === 0) throw this.#mappedOutside();
    const { abi, base, startBrk, taskSize, layout, memory } = process;
    const state = {
      ...{ abi, base, startBrk, taskSize, layout, end, root: this.#root },
      mmapBase: process.mm().mmapBase,
      glibc: this.heap.process.glibc,
      fingerprint: this.#fingerprint,
      kernelBytes: raw.kernel_bytes() >>> 0,
    };
    return this.#image.commit(state, memory, raw);
  }

  /** One line, for people. */
  toString(): string {
    return described(
      "PersistentHeap",
      `file: ${show(this.file.path)}`,
      `heap: ${String(this.heap)}`,
    );
  }

  /** For console.log. */
  [inspect](): string {
    return this.toString();
  }

  /** Checks the whole heap. @returns what is wrong and where; undefined when nothing is */
  check(): BrokenInvariant | undefined {
    this.heap.assertAlive("check");
    return checkHeap(this.heap.process.raw);
  }

  /**
   * Brings the heap to the file and closes both. The file then ends behind the heap's last page. An
   * aborted heap is not written: the file keeps the last msync's state. A second call does nothing.
   * @throws as `msync`, and both stay open
   */
  close(): void {
    if (this.#isClosed) return;
    if (this.heap.aborted === undefined) {
      this.msync();
      this.#image.settle();
    }
    this.discard();
  }

  /** Closes the heap and its file without bringing what changed since the last msync there. */
  discard(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.heap.dispose();
    this.#image.file.close();
  }

  /** For `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #mappedOutside(): HeapImageError {
    const { mm } = this.heap;
    const { hblks, hblkhd } = this.heap.stats();
    const rule =
      `memory is mapped outside the heap, which an image does not hold: ${mm.mapCount} mappings, ` +
      `malloc has ${hblks} of them with ${hblkhd} bytes ` +
      `(the tunable mmap_max=0 keeps big blocks in the heap)`;
    return new HeapImageError("mapped-outside", this.file.path, rule);
  }
}

/** Checks a heap. @returns what is wrong and where */
export function checkHeap(
  raw: Pick<Image, "check_heap" | "check_address">,
): BrokenInvariant | undefined {
  const code = raw.check_heap();
  return code === 0 ? undefined : (errorOf(code, raw.check_address()) as BrokenInvariant);
}

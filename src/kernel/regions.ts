// One line of the region table as the texts in /proc need it: a plain record, independent of where
// it came from.

import { VM } from "./flags.js";

/** What /proc says about one mapping (struct vm_area_struct, and what hangs on it). */
export interface Region {
  /** vm_start: first address, unsigned. */
  readonly start: number;
  /** vm_end: first address behind it, unsigned. */
  readonly end: number;
  /** vm_flags: VM bits, unsigned. */
  readonly flags: number;
  /** Bytes from the file's first byte; 0 for private anonymous memory, whatever its vm_pgoff. */
  readonly offset: number;
  /**
   * Number of the file, as in `ls -i`; 0 when there is none. A BigInt where a number would be
   * rounded.
   */
  readonly inode: number | bigint;
  /** Device of the file, major and minor. */
  readonly device: readonly [number, number];
  /** What the line ends with: a path, `[heap]`, `[anon:NAME]`; empty for nothing. */
  readonly name: string;
}

/**
 * How much of a mapping is in memory, pages. What the model knows of it is the model's own: see
 * kernel.usage.
 */
export interface Usage {
  /** Pages in memory. */
  readonly resident: number;
  /** Of them, written to. */
  readonly dirty: number;
  /** Of them, used lately. */
  readonly referenced: number;
  /** Of them, without a file: private memory that was written to. */
  readonly anonymous: number;
  /** Of them, given up by MADV_FREE and not written to since. */
  readonly lazy: number;
}

/**
 * What a path of shared anonymous memory looks like: the kernel keeps it in a file of its own
 * making.
 */
export const SHARED_ANONYMOUS = "/dev/zero (deleted)";

/** The device that such files are on: the kernel's internal tmpfs, the first one without a disk. */
export const SHARED_ANONYMOUS_DEVICE: readonly [number, number] = [0, 1];

/** The fields of mm_struct that decide about names. Addresses, unsigned. */
export interface NameMarks {
  readonly startBrk: number;
  readonly brk: number;
  readonly startStack: number;
}

/** Kernel versions as the option KERNEL_VERSION counts them: major * 1000 + minor. */
export const LINUX_6_1 = 6001;
/** The version whose behaviour is the default. */
export const LINUX_6_18 = 6018;

/**
 * The name of a mapping without a file: `[heap]` overlaps start_brk..brk, `[stack]` holds
 * start_stack.
 * @param version on 6.1 a mapping that merely touches start_brk or brk is called `[heap]` too
 * @returns the name; empty for none
 */
export function specialName(
  region: { readonly start: number; readonly end: number },
  marks: NameMarks,
  version: number = LINUX_6_18,
): string {
  const { start, end } = region;
  const touches = version <= LINUX_6_1 ? 0 : 1;
  if (start <= marks.brk - touches && end >= marks.startBrk + touches) return "[heap]";
  if (start <= marks.startStack && end >= marks.startStack) return "[stack]";
  return "";
}

/** @returns whether the mapping is shared with others */
export function isShared(flags: number): boolean {
  return (flags & VM.MAYSHARE) !== 0;
}

/** @returns whether it is shared memory of no file: a file's pages are counted apart from that */
export function isShmem(region: Region): boolean {
  const [major, minor] = region.device;
  return isShared(region.flags) && major === 0 && minor === SHARED_ANONYMOUS_DEVICE[1];
}

// The start of a process and of its threads: lays out the kernel's and libc's data at the base and
// maps nothing yet.

import { PAGE_SIZE, WASM_PAGE_SIZE, isAligned } from "./base/align";
import { EAGAIN, EINVAL, ENOMEM } from "./kernel/errno";
import { KERNEL_BYTES, bindMm, mm } from "./kernel/mm";
import { initNodes, takeVma } from "./kernel/nodes";
import { initOptions } from "./kernel/options";
import { enterRegion } from "./kernel/region";
import { VmaKind } from "./kernel/vma";
import { initParameters } from "./malloc/parameters";
import { NO_ARENA, setThreadArena } from "./malloc/arena";
import {
  LIBC_BYTES,
  THREADS_MAX,
  bindState,
  initState,
  libc,
  mainArena,
  scratchPlace,
  takeThread,
} from "./malloc/state";
import { resetTcache } from "./malloc/tcache";

/**
 * The highest end of the address space: 4 GiB has no 32-bit address, and the last Wasm page is
 * never mapped.
 */
const TASK_SIZE_MAX: usize = <usize>0 - WASM_PAGE_SIZE;

/** Bytes between the base and the first possible start_brk: the kernel's pages and libc's. */
export const RESERVED_BYTES: usize = KERNEL_BYTES + LIBC_BYTES;

const LAYOUT_MASK: u32 = 3;
/** In the flags of `initialize`: the pages of the memory are clean. @host */
const FRESH: u32 = 4;

/** Whether the arguments of `initialize` make sense. */
export function isPlausible(
  base: usize,
  startBrk: usize,
  mmapBase: usize,
  taskSize: usize,
  flags: u32,
): bool {
  const addresses = base | startBrk | mmapBase | taskSize;
  if (!isAligned(addresses, PAGE_SIZE) || base == 0 || taskSize > TASK_SIZE_MAX) return false;
  if (startBrk < base || startBrk - base < RESERVED_BYTES || startBrk > taskSize) return false;
  return (
    mmapBase <= taskSize && (flags & ~(LAYOUT_MASK | FRESH)) == 0 && (flags & LAYOUT_MASK) <= 2
  );
}

/**
 * Begins with an empty address space: nothing is mapped, and the memory from `startBrk` on is zero
 * or, without FRESH in `flags`, may be dirty.
 */
export function layOut(
  base: usize,
  startBrk: usize,
  mmapBase: usize,
  taskSize: usize,
  flags: u32,
): void {
  mm.startBrk = startBrk;
  mm.brk = startBrk;
  mm.mmapBase = mmapBase;
  mm.taskSize = taskSize;
  mm.layout = <i32>(flags & LAYOUT_MASK);
  mm.knownPages = memory.size();
  const isFresh = (flags & FRESH) != 0;
  const present =
    <word>mm.knownPages >= 65536 ? <word>taskSize : <word>mm.knownPages * WASM_PAGE_SIZE;
  mm.heapDirtyEnd = isFresh ? startBrk : present;
  mm.dirtyLow = isFresh ? <word>taskSize : 0;
  mm.dirtyHigh = isFresh ? 0 : present;
  initNodes();
  // Nobody maps anything over what lies here, or below.
  const reserved = takeVma(0, base + RESERVED_BYTES);
  reserved.kind = VmaKind.HIDDEN;
  enterRegion(reserved);
}

/** Makes the memory reach up to `end`. */
export function reach(end: usize): bool {
  const pages = <u32>((<u64>end + (WASM_PAGE_SIZE - 1)) / WASM_PAGE_SIZE);
  return <u32>memory.size() >= pages || memory.grow(pages - memory.size()) >= 0;
}

/**
 * Begins a process in the imported memory: its kernel and libc data from `base` on, [heap] from
 * `startBrk` on, mappings from `mmapBase`, nothing at or above `taskSize`; all multiples of 4096.
 * `flags`: a `Layout` in bits 0-1; bit 2 says that the memory from `startBrk` on is zero. 0,
 * -EINVAL, or -ENOMEM when the memory cannot be grown to `startBrk`.
 */
export function initialize(
  base: usize,
  startBrk: usize,
  mmapBase: usize,
  taskSize: usize,
  flags: u32,
): i32 {
  if (!isPlausible(base, startBrk, mmapBase, taskSize, flags)) return -EINVAL;
  bindMm(base);
  bindState(base + KERNEL_BYTES);
  if (!reach(startBrk)) return -ENOMEM;
  memory.fill(base, 0, RESERVED_BYTES);
  initOptions();
  layOut(base, startBrk, mmapBase, taskSize, flags);
  initState();
  initParameters();
  takeThread();
  resetTcache();
  setThreadArena(mainArena);
  return 0;
}

/**
 * Makes this instance another thread of the process whose data lies at `base`: it has no arena yet,
 * and no tcache. The thread's number, the lowest that is free, or -EAGAIN when there are
 * `THREADS_MAX` already (pthread_create(3)). `thread_exit` ends it.
 * @noinline
 */
export function attach(base: usize): i32 {
  bindMm(base);
  bindState(base + KERNEL_BYTES);
  const number = takeThread();
  if (number == THREADS_MAX) return -EAGAIN;
  libc.hasThreads = 1;
  resetTcache();
  setThreadArena(NO_ARENA);
  return <i32>number;
}

/** Bytes that the kernel and libc need between the base and start_brk. */
export function kernelBytes(): usize {
  return RESERVED_BYTES;
}

/**
 * Chooses the value by which free recognises a block that is in tcache already. Before the first
 * allocation.
 */
export function setTcacheKey(key: word): void {
  libc.tcacheKey = key;
}

/** The address of 256 bytes that the host may use for out-parameters. */
export function scratch(): usize {
  return scratchPlace();
}

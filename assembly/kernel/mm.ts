// mm_struct: what the kernel knows about the one process that it keeps. It is the first thing in
// the memory, at the base that the host chose. Numbers are the kernel's; the last group is this
// model's own.
//
//   base                 MmStruct
//                        full build: directories of page marks and page digests, descriptors
//   base + MM_BYTES      nodes of the region table (Vma), up to JOURNAL_AT
//   base + KERNEL_BYTES  libc's data (malloc/state.ts)
//   …  start_brk         [heap]

import { ILP32 } from "../abi/word";
import { PAGE_SIZE, WASM_PAGE_SIZE } from "../base/align";
import { IS_THREADED } from "../sync/tier";
import { IS_FULL } from "./tier";
import { VM_EXEC, VM_GROWSDOWN, VM_SHARED, VM_WRITE } from "./vma";

/**
 * The kernel's record of the address space (struct mm_struct). Counts are pages unless said
 * otherwise.
 */
@unmanaged
export class MmStruct {
  startCode: word; // start_code: where the code begins; 0 here, since it is no memory
  endCode: word; // end_code: where it ends
  startData: word; // start_data: where its data begins
  endData: word; // end_data: where it ends
  startBrk: word; // start_brk: where [heap] begins, page-aligned
  brk: word; // brk: the program break, exact to the byte
  startStack: word; // start_stack: 0, as the arguments: there is no stack in memory
  argStart: word; // arg_start: 0
  argEnd: word; // arg_end: 0
  envStart: word; // env_start: 0
  envEnd: word; // env_end: 0
  mmapBase: word; // mmap_base: where the search for free space begins
  taskSize: word; // task_size: no address at or above it is ever mapped
  totalVm: word; // total_vm: pages mapped now
  dataVm: word; // data_vm: pages that are private, writable and not a stack
  execVm: word; // exec_vm: pages that are executable and not writable
  stackVm: word; // stack_vm: pages of regions that grow down
  lockedVm: word; // locked_vm: pages with VM_LOCKED
  pinnedVm: word; // pinned_vm: 0 pages
  hiwaterVm: word; // hiwater_vm: the most that total_vm ever was
  hiwaterRss: word; // hiwater_rss: the most that was ever resident
  rssAnon: word; // rss_stat[MM_ANONPAGES]: resident private pages, as far as this model knows
  rssFile: word; // rss_stat[MM_FILEPAGES]: resident pages of files
  rssShmem: word; // rss_stat[MM_SHMEMPAGES]: resident pages of shared objects
  mapCount: i32; // map_count: number of the program's regions
  defFlags: word; // def_flags: vm_flags that new regions get (mlockall)

  layout: i32; // where mmap looks for room: one of Layout
  mmapLock: i32; // mmap_lock, in the threaded build: see sync/mutex.ts
  isTracing: i32; // what is reported to the host: bit 0 system calls, bit 1 malloc's decisions
  knownPages: u32; // WebAssembly pages that this kernel has seen; more than that is somebody else's
  heapDirtyEnd: word; // below it the brk area may hold old bytes; from it on it reads as zero
  dirtyLow: word; // mapped areas that were released lie in [dirtyLow, dirtyHigh), rounded outwards
  dirtyHigh: word; // no byte from here on has ever been written through a mapping
  vmaRoot: u32; // the region table's root node, or 0
  mmapCache: u32; // mmap_cache: the region that was last looked for, or 0
  mmapCacheFrom: u32; // mmap_cache is the answer from this address on
  freeVma: u32; // unused nodes, linked by rightLink
  freeVmas: i32; // nodes that are to be had without a new slab
  nodeNext: u32; // the first node of the newest slab of nodes that was never used
  nodeRest: i32; // how many nodes follow there, itself included
  markNext: u32; // the next unused page for page marks
  markRest: i32; // how many of them there are
  lastAnonId: u32; // anon ids given so far
  lastFileId: u32; // file ids given so far
  inodes: u32; // the host's files that are open: the first Inode, or 0
  writtenBack: u32; // regions whose stores belong in a file of the host's
  labels: u32; // names and policies of regions (VmaLabel): those in use
  freeLabel: u32; // unused labels
  freeKept: u32; // unused places for pages of shared memory that nothing maps (KeptPage)
  committed: word; // Committed_AS: pages that this process may come to need
  @count(15) options: word; // their values by KernelOption
  @count(32) rlimits: u64; // soft and hard limit of resource n at 2n and 2n + 1, bytes

  /** Whether the process has ever had a file, or shared memory. */
  get hasFiles(): bool {
    return IS_FULL && this.lastFileId != 0;
  }
}

/** Bits of `isTracing`. */
export const TRACES_CALLS: i32 = 1;
export const TRACES_STEPS: i32 = 2;

/** Where mmap looks for room. */
export enum Layout {
  LEGACY = 0, // lowest fit from mmap_base upwards, as Linux with ADDR_COMPAT_LAYOUT
  TOP_DOWN = 1, // highest fit below mmap_base, Linux's default
  COMPACT = 2, // lowest fit above what the memory already covers: memory.buffer does not jump
}

/**
 * The directories of page marks and of page digests have an entry for each 16 MiB of addresses; the
 * binary logarithm of that.
 */
export const CHUNK_BITS: usize = 24;
const CHUNKS: usize = IS_FULL ? 1 << (32 - CHUNK_BITS) : 0;

/** Descriptors that a process can have. */
export const DESCRIPTORS: i32 = IS_FULL ? 256 : 0;

/**
 * Where the directory of page marks, that of page digests, and the table of descriptors lie: bytes
 * from the base.
 */
export const MARKS_AT: usize = (offsetof<MmStruct>() + 63) & ~63;
export const DIGESTS_AT: usize = MARKS_AT + CHUNKS * sizeof<u32>();
export const DESCRIPTORS_AT: usize = DIGESTS_AT + CHUNKS * sizeof<u32>();

/**
 * Bytes set aside at the base for mm_struct and these tables; the region table's first nodes
 * follow.
 */
export const MM_BYTES: usize = DESCRIPTORS_AT + <usize>DESCRIPTORS * sizeof<u32>();

/**
 * Where the undo journal of the threaded build lies, bytes from the base, and how long it is: what
 * 4,096 words need.
 */
export const JOURNAL_AT: usize = 14 * PAGE_SIZE;
export const JOURNAL_BYTES: usize = IS_THREADED ? 8 * PAGE_SIZE : 0;

/** Bytes of the kernel's own pages: mm_struct, the first nodes, the journal. */
export const KERNEL_BYTES: usize = JOURNAL_AT + JOURNAL_BYTES;

/**
 * The process that this instance works for. One instance is one thread, so the pointer is a Wasm
 * global.
 */
export let mm: MmStruct = changetype<MmStruct>(0);

/** Makes `base` the process's mm_struct. */
export function bindMm(base: usize): void {
  mm = changetype<MmStruct>(base);
}

/** What the smallest chunk takes, bytes: the last one of a heap may end where the memory does. */
const LEAST_BYTES: usize = ILP32 ? 16 : 32;

/**
 * Whether no struct can lie at `address`: in front of the base, or beyond the memory. A larger one
 * that is cut off traps where it is read.
 */
export function isOutside(address: usize): bool {
  return isPastSize(address) && (!IS_THREADED || isPastGrowth(address));
}

function isPastSize(address: usize): bool {
  const base = changetype<usize>(mm);
  return address - base > <usize>memory.size() * WASM_PAGE_SIZE - base - LEAST_BYTES;
}

/**
 * The same, after this thread has learned how far others have grown the memory: an engine may tell
 * it late.
 */
function isPastGrowth(address: usize): bool {
  memory.grow(0);
  return isPastSize(address);
}

/** The same by a call: for what is not a step of a long walk. @noinline */
export function isWild(address: usize): bool {
  return isOutside(address);
}

/**
 * Forgets what is mapped, locked, resident and open, but not where things are or what is allowed.
 * The first nodes count as unused.
 */
export function forgetAddressSpace(): void {
  const base = changetype<usize>(mm);
  memory.fill(base + MARKS_AT, 0, JOURNAL_AT - MARKS_AT);
  const counts = offsetof<MmStruct>("totalVm");
  memory.fill(base + counts, 0, offsetof<MmStruct>("layout") - counts);
  const tables = offsetof<MmStruct>("vmaRoot");
  memory.fill(base + tables, 0, offsetof<MmStruct>("options") - tables);
}

/**
 * Counts `pages` more (or, negative, fewer) with these flags as mapped and keeps the high-water
 * mark (vm_stat_account).
 * @noinline
 */
export function accountPages(flags: word, pages: isize): void {
  mm.totalVm += <word>pages;
  if ((flags & (VM_EXEC | VM_WRITE | VM_GROWSDOWN)) == VM_EXEC) mm.execVm += <word>pages;
  else if (flags & VM_GROWSDOWN) mm.stackVm += <word>pages;
  else if ((flags & (VM_WRITE | VM_SHARED)) == VM_WRITE) mm.dataVm += <word>pages;
  if (mm.totalVm > mm.hiwaterVm) mm.hiwaterVm = mm.totalVm;
}

// mm_struct: what the kernel knows about the one process that it keeps. It is the first thing in the memory, at the base that
// the host chose. Numbers are the kernel's; the last group is this model's own.
//
//   base                 MmStruct
//   base + MM_BYTES      region table (Vma), up to KERNEL_BYTES
//   base + KERNEL_BYTES  libc's data (malloc/state.ts)
//   …  start_brk         [heap]

import { PAGE_SIZE } from "../base/align";

/** The kernel's record of the address space (struct mm_struct). */
@unmanaged
export class MmStruct {
  startBrk: word; // start_brk: where [heap] begins, page-aligned
  brk: word; // brk: the program break, exact to the byte
  mmapBase: word; // mmap_base: where the search for free space begins
  taskSize: word; // task_size: no address at or above it is ever mapped
  totalVm: word; // total_vm: pages mapped now
  hiwaterVm: word; // hiwater_vm: the most pages that were ever mapped
  dataVm: word; // data_vm: private writable pages mapped now
  mapCount: i32; // map_count: entries of the region table

  layout: i32; // where mmap looks for room: one of Layout
  knownPages: u32; // WebAssembly pages that this kernel has seen; more than that is somebody else's
  heapDirtyEnd: word; // below it the brk area may hold old bytes; from it on it reads as zero
  dirtyLow: word; // mapped areas that were released lie in [dirtyLow, dirtyHigh), rounded outwards;
  dirtyHigh: word; // no byte outside has ever been written through a mapping
}

/** Where mmap looks for room. */
export enum Layout {
  LEGACY = 0, // lowest fit from mmap_base upwards, as Linux with ADDR_COMPAT_LAYOUT
  TOP_DOWN = 1, // highest fit below mmap_base, Linux's default
  COMPACT = 2, // lowest fit above what the memory already covers: memory.buffer does not jump
}

/** Bytes set aside at the base for mm_struct; the region table follows. */
export const MM_BYTES: usize = 256;

/** Bytes of the kernel's own pages, mm_struct and region table. */
export const KERNEL_BYTES: usize = 14 * PAGE_SIZE;

if (offsetof<MmStruct>() > MM_BYTES) ERROR("mm_struct outgrew its place");

/** The process that this instance works for. One instance is one thread, so the pointer is a Wasm global. */
export let mm: MmStruct = changetype<MmStruct>(0);

/** Makes `base` the process's mm_struct. */
export function bindMm(base: usize): void {
  mm = changetype<MmStruct>(base);
}

/** Counts `pages` more (or, negative, fewer) as mapped and keeps the high-water mark. */
export function accountPages(pages: isize): void {
  mm.totalVm += <word>pages;
  mm.dataVm += <word>pages;
  if (mm.totalVm > mm.hiwaterVm) mm.hiwaterVm = mm.totalVm;
}

// Which pages are resident, as far as this model knows: one byte of marks for each page that was
// ever touched, in pages of the kernel's own behind a directory (one entry for 16 MiB). WebAssembly
// tells nobody what is loaded and stored, so a page counts as touched when a system call or `touch`
// says so. In the full build only.

import { PAGE_SIZE } from "../base/align";
import { CHUNK_BITS, MARKS_AT, mm } from "./mm";
import { takeMarkPage } from "./slab";

/**
 * Marks of a page. A private page that was only read is PRESENT and nothing else: the kernel's one
 * zero page, which does not count.
 *
 *   bit 7      6     5      4     3       2      1     0
 *       DIRTY  FILE  GUARD  LAZY  CACHED  SHMEM  ANON  PRESENT
 */
export enum PageMark {
  PRESENT = 1, // an access finds it
  ANON = 2, // a page of the process's own, in rss_anon
  SHMEM = 4, // a page of a shared object, in rss_shmem
  CACHED = 8, // a page that the shared object has, mapped or not
  LAZY = 16, // may be dropped (MADV_FREE), not written since
  GUARD = 32, // every access is a SIGSEGV (MADV_GUARD_INSTALL)
  FILE = 64, // a page of a file of the host's, in rss_file
  DIRTY = 128, // such a page that was written to since it was last the same as the file
}

export const PAGE_PRESENT: u8 = <u8>PageMark.PRESENT;
export const PAGE_ANON: u8 = <u8>PageMark.ANON;
export const PAGE_SHMEM: u8 = <u8>PageMark.SHMEM;
export const PAGE_CACHED: u8 = <u8>PageMark.CACHED;
export const PAGE_LAZY: u8 = <u8>PageMark.LAZY;
export const PAGE_GUARD: u8 = <u8>PageMark.GUARD;
export const PAGE_FILE: u8 = <u8>PageMark.FILE;
export const PAGE_DIRTY: u8 = <u8>PageMark.DIRTY;

const CHUNK_BYTES: usize = 1 << CHUNK_BITS;

/** Where the directory says which page has the marks of the chunk that `address` is in. */
function chunkEntry(address: usize): usize {
  return changetype<usize>(mm) + MARKS_AT + (address >> CHUNK_BITS) * sizeof<u32>();
}

/** The marks of the page at `address`, of a chunk that has some; 0 when it has none. */
function markAddress(address: usize): usize {
  const chunk = <usize>load<u32>(chunkEntry(address));
  return chunk == 0 ? 0 : chunk + (address & (CHUNK_BYTES - 1)) / PAGE_SIZE;
}

/** The marks of the page that holds `address`. */
export function pageMarks(address: usize): u8 {
  const at = markAddress(address);
  return at == 0 ? 0 : load<u8>(at);
}

function countMarks(marks: u8, by: isize): void {
  if (marks & PAGE_ANON) mm.rssAnon += <word>by;
  if (marks & PAGE_SHMEM) mm.rssShmem += <word>by;
  if (marks & PAGE_FILE) mm.rssFile += <word>by;
}

/** Sets the marks of the page that holds `address`. False when there is no memory for them. */
export function setPageMarks(address: usize, marks: u8): bool {
  let at = markAddress(address);
  if (at == 0) {
    if (marks == 0) return true;
    const page = takeMarkPage();
    if (page == 0) return false;
    store<u32>(chunkEntry(address), <u32>page);
    at = markAddress(address);
  }
  countMarks(load<u8>(at), -1);
  countMarks(marks, 1);
  store<u8>(at, marks);
  const resident = mm.rssAnon + mm.rssShmem + mm.rssFile;
  if (resident > mm.hiwaterRss) mm.hiwaterRss = resident;
  return true;
}

/** The address of the first page in [start, end) that has marks, or `end`. */
export function nextMarked(start: usize, end: usize): usize {
  let at = start;
  while (at < end) {
    const mark = markAddress(at);
    if (mark == 0) {
      // Nothing in this chunk: on to the next one. The last chunk's end has no 32-bit address.
      const following = (at & ~(CHUNK_BYTES - 1)) + CHUNK_BYTES;
      at = following > at ? following : end;
    } else if (load<u8>(mark) != 0) {
      return at;
    } else if (!(at & (8 * PAGE_SIZE - 1)) && load<u64>(mark) == 0) {
      at += 8 * PAGE_SIZE;
    } else {
      at += PAGE_SIZE;
    }
  }
  return end;
}

/** Takes what is in [start, end) out of the page tables; guards stay (zap_pte_range). */
export function zapPages(start: usize, end: usize): void {
  for (let at = nextMarked(start, end); at < end; at = nextMarked(at + PAGE_SIZE, end))
    setPageMarks(at, pageMarks(at) & PAGE_GUARD);
}

/** Forgets all marks in [start, end): it is unmapped. */
export function forgetPages(start: usize, end: usize): void {
  for (let at = nextMarked(start, end); at < end; at = nextMarked(at + PAGE_SIZE, end))
    setPageMarks(at, 0);
}

/** Moves the marks of `bytes` bytes at `from` to the unmarked pages at `to` (move_page_tables). */
export function movePageMarks(from: usize, to: usize, bytes: usize): void {
  const end = from + bytes;
  for (let at = nextMarked(from, end); at < end; at = nextMarked(at + PAGE_SIZE, end)) {
    const marks = pageMarks(at);
    setPageMarks(at, 0);
    setPageMarks(at - from + to, marks);
  }
}

// The pages of files in memory. Linear memory cannot have one page in two places, so a shared
// mapping is a copy, and at most one at a time: it is filled when it is made, and what was stored
// in it since goes to the file at msync, munmap, close, and whenever somebody reads or maps that
// part of the file. Private mappings hold the file as it was when they were made. In the full build
// only.

import { PAGE_SIZE } from "../../base/align";
import { file_read, file_size, file_sync, file_truncate, file_write } from "../../base/host";
import { hasChanged, noteDigests, reserveDigests } from "./digest";
import { EINVAL, EIO, EOPNOTSUPP, ENOMEM, errorResult } from "../errno";
import { findUserVma } from "../find";
import { FileKind, Inode, OpenFile, fileOf, isHostFile, isWrittenBack } from "./inode";
import { mm } from "../mm";
import { noteReleased, scrub } from "../pages";
import { PAGE_ANON, PAGE_DIRTY, PAGE_GUARD, zapPages, pageMarks, setPageMarks } from "../resident";
import { NO_VMA, Vma, pgoffAt } from "../vma";

/** The most that is read at once, bytes: a result is a positive number of 32 bits. */
const READ_MAX: usize = 1 << 30;

/** The most that is written at once, bytes. */
const WRITE_MAX: usize = 256 * PAGE_SIZE;

/** The position in its file of the byte at `address` in a region. */
function positionOf(region: Vma, address: usize): u64 {
  return <u64>region.vmPgoff * PAGE_SIZE + <u64>(<word>address - region.vmStart);
}

/**
 * The part of a region from byte `position` of its file on begins at this address; its end when
 * that is all behind it.
 */
function partFrom(region: Vma, position: u64): usize {
  const first = positionOf(region, region.start);
  return position <= first
    ? region.start
    : <usize>min(<u64>region.vmStart + (position - first), <u64>region.vmEnd);
}

/** The program's first region from `address` on that maps a part of the inode, or none. */
function findMapping(inode: Inode, address: usize): Vma {
  let region = findUserVma(address);
  while (region != NO_VMA && (region.vmFile == 0 || fileOf(region).inode != inode))
    region = findUserVma(region.end);
  return region;
}

/**
 * Whether a shared mapping of [pgoff, pgoff + pages) would put a page of the file into memory
 * twice; what is mapped in [start, end) is about to go.
 */
export function isAliased(inode: Inode, pgoff: u64, pages: u64, start: usize, end: usize): bool {
  if (inode.mappings == 0) return false;
  if (inode.kind == FileKind.SHMEM) {
    // It never becomes larger: behind its end there is no page that could be there twice.
    if (pgoff >= inode.pages) return false;
    pages = min(pages, inode.pages - pgoff);
  }
  for (let at = findMapping(inode, 0); at != NO_VMA; at = findMapping(inode, at.end)) {
    if (!at.isShared) continue;
    const first = <u64>at.vmPgoff;
    const last = first + <u64>at.pages;
    if (pgoff >= last || pgoff + pages <= first) continue;
    // What they have in common, as addresses of the mapping that there is.
    const low = <u64>at.vmStart + (max(pgoff, first) - first) * PAGE_SIZE;
    const high = <u64>at.vmStart + (min(pgoff + pages, last) - first) * PAGE_SIZE;
    if (low < <u64>start || high > <u64>end) return true;
  }
  return false;
}

/**
 * Writes the run of changed pages [start, end) of a region, as far as the file goes. 0 or an error
 * result.
 */
function writeRun(region: Vma, start: usize, end: usize): word {
  const file = fileOf(region);
  const position = positionOf(region, start);
  const length = min(<u64>(end - start), file.inode.size - position);
  const written = file_write(file.host, <f64>position, start, <usize>length);
  if (written < 0) return errorResult(-written);
  if (<u64>written != length) return errorResult(EIO);
  noteDigests(start, end);
  for (let page = start; page < end; page += PAGE_SIZE) {
    const marks = pageMarks(page);
    if (marks & PAGE_DIRTY) setPageMarks(page, marks & ~PAGE_DIRTY);
  }
  return 0;
}

/**
 * Writes what changed in [start, end), within a region whose stores belong in a file. 0 or an error
 * result.
 */
function writeWithin(region: Vma, start: usize, end: usize): word {
  end = min(end, partFrom(region, fileOf(region).inode.pages * PAGE_SIZE));
  let page = start;
  while (page < end) {
    if (!hasChanged(page)) {
      page += PAGE_SIZE;
      continue;
    }
    const from = page;
    while (page < end && page - from < WRITE_MAX && hasChanged(page)) page += PAGE_SIZE;
    const error = writeRun(region, from, page);
    if (error != 0) return error;
  }
  return 0;
}

/**
 * Brings what was stored in [start, end) to the files that are mapped there, as far as they go by
 * now. 0, or an error result: then it is still in memory.
 */
export function writeBack(start: usize, end: usize): word {
  if (!mm.hasFiles || mm.writtenBack == 0) return 0;
  for (let at = findUserVma(start); at != NO_VMA && at.start < end; at = findUserVma(at.end)) {
    if (!isWrittenBack(at)) continue;
    let error = learnSize(fileOf(at));
    if (error == 0) error = writeWithin(at, max(start, at.start), min(end, at.end));
    if (error != 0) return error;
  }
  return 0;
}

/**
 * Brings what was stored in any mapping of the file to it, as far as it goes by now. 0 or an error
 * result.
 */
export function writeBackFile(file: OpenFile): word {
  const inode = file.inode;
  if (mm.writtenBack == 0 || inode.mappings == 0) return 0;
  const error = learnSize(file);
  return error != 0 ? error : writeBackInode(inode, 0, inode.size);
}

/**
 * Brings what was stored in any mapping of bytes [from, to) of the file to it. 0 or an error
 * result.
 */
export function writeBackInode(inode: Inode, from: u64, to: u64): word {
  if (mm.writtenBack == 0 || inode.mappings == 0) return 0;
  for (let at = findMapping(inode, 0); at != NO_VMA; at = findMapping(inode, at.end)) {
    if (!isWrittenBack(at)) continue;
    const first = positionOf(at, at.start);
    const last = positionOf(at, at.end);
    if (from >= last || to <= first) continue;
    const start = max(from, first) - first;
    const end = min(to, last) - first;
    const low = at.start + ((<usize>start) & ~(PAGE_SIZE - 1));
    const high = at.start + ((<usize>end + (PAGE_SIZE - 1)) & ~(PAGE_SIZE - 1));
    const error = writeWithin(at, low, high);
    if (error != 0) return error;
  }
  return 0;
}

/**
 * Fills [start, end), within a region of a host's file, from the file; what lies behind its end
 * with zeros. What was stored there is lost. 0 or an error result.
 */
export function fillPages(region: Vma, start: usize, end: usize): word {
  return fillFrom(region, positionOf(region, start), start, end);
}

/**
 * As `fillPages`, for pages that may not be the region's yet; the first byte shows byte `position`
 * of its file.
 */
function fillFrom(region: Vma, position: u64, start: usize, end: usize): word {
  const file = fileOf(region);
  const inode = file.inode;
  if (isWrittenBack(region) && !reserveDigests(start, end)) return errorResult(ENOMEM);
  if (!region.isShared) {
    const error = writeBackInode(inode, position, position + <u64>(end - start));
    if (error != 0) return error;
  }
  let filled = start;
  const length = position < inode.size ? <usize>min(<u64>(end - start), inode.size - position) : 0;
  while (filled < start + length) {
    const done = filled - start;
    const got = file_read(file.host, <f64>(position + done), filled, min(length - done, READ_MAX));
    if (got < 0) return errorResult(-got);
    // Somebody else made the file shorter just now.
    if (got == 0) break;
    filled += <usize>got;
  }
  const whole = (filled + (PAGE_SIZE - 1)) & ~(PAGE_SIZE - 1);
  memory.fill(filled, 0, whole - filled);
  scrub(whole, end);
  if (isWrittenBack(region)) noteDigests(start, end);
  return 0;
}

/**
 * Reads what a region gains from its file, when its part [address, address + oldBytes) becomes
 * longer at the free place `place`; nothing when it maps none of the host's. 0, or an error result:
 * then the place is still free.
 */
export function fillGrowth(
  region: Vma,
  address: word,
  oldBytes: word,
  newBytes: word,
  place: word,
): word {
  if (!isHostFile(region) || newBytes <= oldBytes) return 0;
  const position = positionOf(region, <usize>(address + oldBytes));
  const start = place + oldBytes;
  const end = place + newBytes;
  const error = fillFrom(region, position, <usize>start, <usize>end);
  // Something may have been read before.
  if (error != 0) noteReleased(start, end);
  return error;
}

/**
 * Brings shared mappings of bytes [from, to) of the file up to date with it. 0 or an error result.
 */
export function refill(inode: Inode, from: u64, to: u64): word {
  if (inode.mappings == 0) return 0;
  for (let at = findMapping(inode, 0); at != NO_VMA; at = findMapping(inode, at.end)) {
    if (!at.isShared) continue;
    const first = positionOf(at, at.start);
    const last = positionOf(at, at.end);
    if (from >= last || to <= first) continue;
    const low = (<usize>(max(from, first) - first)) & ~(PAGE_SIZE - 1);
    const high = (<usize>(min(to, last) - first) + (PAGE_SIZE - 1)) & ~(PAGE_SIZE - 1);
    const error = fillPages(at, at.start + low, at.start + high);
    if (error != 0) return error;
  }
  return 0;
}

/**
 * After the file became shorter: pages that are not there any more are gone from every mapping, and
 * the last one ends in zeros (truncate_pagecache).
 */
function cutPages(inode: Inode, size: u64): void {
  const whole = inode.pages * PAGE_SIZE;
  for (let at = findMapping(inode, 0); at != NO_VMA; at = findMapping(inode, at.end)) {
    const gone = partFrom(at, whole);
    zapPages(gone, at.end);
    scrub(gone, at.end);
    if (!at.isShared) continue;
    const tail = partFrom(at, size);
    const page = tail & ~(PAGE_SIZE - 1);
    // A page that nobody stored in has not changed by being cut.
    const isClean = page < gone && isWrittenBack(at) && !hasChanged(page);
    memory.fill(tail, 0, gone - tail);
    if (isWrittenBack(at)) noteDigests(isClean ? page : gone, at.end);
  }
}

/**
 * Punches a hole of zeros into the part of a file that [start, end), within a shared region, maps
 * (MADV_REMOVE). 0 or an error result.
 */
export function punchHole(region: Vma, start: usize, end: usize): word {
  scrub(start, end);
  if (!isHostFile(region)) {
    zapPages(start, end);
    return 0;
  }
  const inode = fileOf(region).inode;
  const from = positionOf(region, start);
  const to = positionOf(region, end);
  for (let at = findMapping(inode, 0); at != NO_VMA; at = findMapping(inode, at.end)) {
    const last = partFrom(at, to);
    for (let page = partFrom(at, from); page < last; page += PAGE_SIZE) {
      const marks = pageMarks(page);
      if (!(marks & PAGE_ANON)) setPageMarks(page, marks & PAGE_GUARD);
    }
  }
  return writeBack(start, end);
}

/** After the file became longer: its new pages come into every mapping. 0 or an error result. */
function addPages(inode: Inode, oldSize: u64): word {
  for (let at = findMapping(inode, 0); at != NO_VMA; at = findMapping(inode, at.end)) {
    // A private mapping keeps the last page that it has, a shared one sees that go on.
    const known = at.isShared ? oldSize & ~(<u64>PAGE_SIZE - 1) : oldSize + (PAGE_SIZE - 1);
    const from = partFrom(at, known & ~(<u64>PAGE_SIZE - 1));
    const to = partFrom(at, inode.pages * PAGE_SIZE);
    if (from >= to) continue;
    const error = fillPages(at, from, to);
    if (error != 0) return error;
  }
  return 0;
}

/** Takes over the file's new size, which the host has it at. 0 or an error result. */
export function noteSize(inode: Inode, size: u64): word {
  const oldSize = inode.size;
  if (size == oldSize) return 0;
  if (inode.mappings == 0) {
    inode.size = size;
    return 0;
  }
  if (size < oldSize) {
    inode.size = size;
    cutPages(inode, size);
    return 0;
  }
  // What somebody stored behind the end, in the last page, is not part of the file.
  const error = writeBackInode(inode, oldSize & ~(<u64>PAGE_SIZE - 1), oldSize);
  if (error != 0) return error;
  inode.size = size;
  return addPages(inode, oldSize);
}

/**
 * Looks at how large the host's file is by now: others may have written to it. 0 or an error
 * result.
 */
export function learnSize(file: OpenFile): word {
  if (file.kind != FileKind.REGULAR) return 0;
  const size = file_size(file.host);
  return size < 0 ? <word>(<isize>size) : noteSize(file.inode, <u64>size);
}

/** Makes the file, whose size is known, `size` bytes long. 0 or an error result. */
export function truncateFile(file: OpenFile, size: u64): word {
  const refused = file_truncate(file.host, <f64>size);
  return refused < 0 ? errorResult(-refused) : noteSize(file.inode, size);
}

/**
 * What a shared mapping of these pages is refused with: EOPNOTSUPP when they are in memory already.
 * 0 or an error result.
 */
export function checkAlias(file: OpenFile, pgoff: u64, pages: u64, start: usize, end: usize): word {
  return isAliased(file.inode, pgoff, pages, start, end) ? errorResult(EOPNOTSUPP) : 0;
}

/**
 * What a region's file says to mapping `delta` bytes more of it, behind those that end at `end`: 0
 * or an error result (mremap).
 */
export function checkGrowth(region: Vma, end: word, delta: word): word {
  if (region.vmFile == 0) return 0;
  const pgoff = pgoffAt(region, <usize>end);
  if (pgoff + delta / PAGE_SIZE < pgoff) return errorResult(EINVAL);
  return learnSize(fileOf(region));
}

/**
 * What is refused with EOPNOTSUPP: that a region's part [address, address + oldBytes) becomes
 * longer by pages that are in memory already. Those do not count that are in the way at `target`,
 * where the part goes to; 0: nothing is. 0 or an error result.
 */
export function checkGrowthAlias(
  region: Vma,
  address: word,
  oldBytes: word,
  newBytes: word,
  target: word = 0,
): word {
  if (!region.hasFile || !region.isShared || newBytes <= oldBytes) return 0;
  const pgoff = <u64>pgoffAt(region, <usize>(address + oldBytes));
  const targetEnd = target != 0 ? target + newBytes : 0;
  const pages = <u64>((newBytes - oldBytes) / PAGE_SIZE);
  return checkAlias(fileOf(region), pgoff, pages, <usize>target, <usize>targetEnd);
}

/**
 * msync's work for [start, end), within a region: stores go to the file, with `isWaiting` to the
 * disk, and with `isFresh` what others wrote comes in. 0 or an error result.
 */
export function syncRegion(
  region: Vma,
  start: usize,
  end: usize,
  isWaiting: bool,
  isFresh: bool,
): word {
  if (!isHostFile(region) || !region.isShared) return 0;
  const file = fileOf(region);
  let error = isWrittenBack(region) ? writeBack(start, end) : learnSize(file);
  if (error == 0 && isWaiting) error = <word>(<isize>file_sync(file.host, 1));
  if (error == 0 && isFresh) error = fillPages(region, start, end);
  return error;
}

// Pages of shared memory that nothing maps any more. Linux has them in the object for as long as
// something maps another part of it; here they are kept in pages of the kernel's own, and come back
// when they are mapped again (mremap, remap_file_pages). In the full build only.

import { PAGE_SIZE } from "../../base/align";
import { FileKind, Inode, fileOf } from "./inode";
import { mm } from "../mm";
import { giveVma, takeVma } from "../nodes";
import { isZeroPage } from "../pages";
import { PAGE_CACHED, pageMarks, setPageMarks } from "../resident";
import { reserveVmas, takeMarkPage } from "../slab";
import { findVma, next } from "../tree";
import { NO_VMA, Vma, pgoffAt } from "../vma";

/** A page of a shared object that nothing maps, or one that is free to become that. */
@unmanaged
export class KeptPage {
  frame: u32; // where its bytes are
  nextLink: u32; // the next one of the object, in no order; or the next free one
  pgoff: word; // its place in the object, pages
}

if (offsetof<KeptPage>() > offsetof<Vma>()) ERROR("a kept page must fit a node");

const NO_PAGE: KeptPage = changetype<KeptPage>(0);

/** Whether a region maps shared memory that no file of the host's has. */
function isShmem(region: Vma): bool {
  return region.hasFile && fileOf(region).kind == FileKind.SHMEM;
}

/** Whether the object has a page, in a region of its: one that was touched, or stored in unseen. */
function hasPage(region: Vma, page: usize): bool {
  if (<u64>pgoffAt(region, page) >= fileOf(region).inode.pages) return false;
  return (pageMarks(page) & PAGE_CACHED) != 0 || !isZeroPage(page);
}

/**
 * Makes room for the pages of shared memory that unmapping [start, end) leaves to their objects;
 * `staysMapped`: also of objects that nothing else maps. False when there is no memory. Comes
 * before anything is changed, and may take any free place.
 */
export function reserveKept(start: usize, end: usize, staysMapped: bool = false): bool {
  // Most processes never map any.
  if (!mm.hasFiles) return true;
  let wanted: i32 = 0;
  for (let at = findVma(start); at != NO_VMA && at.start < end; at = next(at)) {
    if (!isShmem(at)) continue;
    const isWhole = at.start >= start && at.end <= end && fileOf(at).inode.mappings == 1;
    if (isWhole && !staysMapped) continue;
    const last = min(end, at.end);
    for (let page = max(start, at.start); page < last; page += PAGE_SIZE)
      if (hasPage(at, page)) wanted++;
  }
  for (let kept = mm.freeKept; kept != 0 && wanted > 0; wanted--)
    kept = changetype<KeptPage>(<usize>kept).nextLink;
  for (; wanted > 0; wanted--) {
    if (!reserveVmas(1)) return false;
    const kept = changetype<KeptPage>(takeVma(0, 0));
    kept.frame = <u32>takeMarkPage();
    if (kept.frame == 0) {
      giveVma(changetype<Vma>(kept));
      return false;
    }
    free(kept);
  }
  return true;
}

function free(kept: KeptPage): void {
  kept.nextLink = mm.freeKept;
  mm.freeKept = <u32>changetype<usize>(kept);
}

/**
 * Leaves the pages of [start, end), within a region that is about to map them no more, to their
 * object. Room was made by `reserveKept`.
 */
export function keepPages(region: Vma, start: usize, end: usize): void {
  if (!isShmem(region)) return;
  const inode = fileOf(region).inode;
  for (let page = start; page < end; page += PAGE_SIZE) {
    if (!hasPage(region, page)) continue;
    const kept = changetype<KeptPage>(<usize>mm.freeKept);
    mm.freeKept = kept.nextLink;
    kept.pgoff = pgoffAt(region, page);
    kept.nextLink = inode.kept;
    inode.kept = <u32>changetype<usize>(kept);
    memory.copy(<usize>kept.frame, page, PAGE_SIZE);
  }
}

/**
 * As `keepPages`, for a whole region that goes away: nobody can want the pages of an object that
 * nothing else maps.
 */
export function keepRegion(region: Vma): void {
  if (isShmem(region) && fileOf(region).inode.mappings > 1)
    keepPages(region, region.start, region.end);
}

/**
 * Brings the pages that its object has kept to [start, end), within a region, which reads as zero.
 */
export function restorePages(region: Vma, start: usize, end: usize): void {
  if (!isShmem(region)) return;
  const inode = fileOf(region).inode;
  const first = pgoffAt(region, start);
  const pages = <word>((end - start) / PAGE_SIZE);
  let link = changetype<usize>(inode) + offsetof<Inode>("kept");
  for (let kept = linked(link); kept != NO_PAGE; kept = linked(link)) {
    const index = kept.pgoff - first;
    if (index >= pages) {
      link = changetype<usize>(kept) + offsetof<KeptPage>("nextLink");
      continue;
    }
    const page = start + <usize>index * PAGE_SIZE;
    memory.copy(page, <usize>kept.frame, PAGE_SIZE);
    setPageMarks(page, pageMarks(page) | PAGE_CACHED);
    store<u32>(link, kept.nextLink);
    free(kept);
  }
}

function linked(link: usize): KeptPage {
  return changetype<KeptPage>(<usize>load<u32>(link));
}

/** Forgets what an object that goes away has kept. */
export function dropKept(inode: Inode): void {
  let kept = changetype<KeptPage>(<usize>inode.kept);
  while (kept != NO_PAGE) {
    const following = changetype<KeptPage>(<usize>kept.nextLink);
    free(kept);
    kept = following;
  }
  inode.kept = 0;
}

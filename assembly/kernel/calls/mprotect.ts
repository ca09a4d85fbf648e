// mprotect: other access rights for whole pages, splitting and merging regions on the way.

import { PAGE_SIZE, isAligned, pageAlign } from "../../base/align";
import { populate } from "../access";
import { EACCES, EINVAL, ENOMEM, EPERM, errorResult } from "../errno";
import { findUserVma } from "../find";
import { isAnonymous } from "../files/inode";
import { commit, isEnoughMemory, mayExpand } from "../limits";
import { accountPages, mm } from "../mm";
import { takeVma } from "../nodes";
import { isNewKernel } from "../options";
import { cutEdges, enterRegion, modifyRegion, removeRegions } from "../region";
import { reserveVmas } from "../slab";
import {
  NO_VMA,
  VM_ACCESS_FLAGS,
  VM_ACCOUNT,
  VM_GROWSDOWN,
  VM_LOCKED,
  VM_MAY_FLAGS,
  VM_NORESERVE,
  VM_SEALED,
  VM_SHARED,
  VM_WRITE,
  Vma,
} from "../vma";

/** Rights that only mprotect knows. @host */
const PROT_SEM: i32 = 0x8;
const PROT_GROWSDOWN: i32 = 0x01000000;
const PROT_GROWSUP: i32 = 0x02000000;

const PROT_KNOWN: i32 = 0x7 | PROT_SEM;
const PROT_GROWS: i32 = PROT_GROWSDOWN | PROT_GROWSUP;

/** Gives [start, end), within `region`, other flags (mprotect_fixup). 0 or an error result. */
function protectWithin(region: Vma, start: usize, end: usize, flags: word): word {
  const before = region.vmFlags;
  if (before & VM_SEALED) return errorResult(EPERM);
  if (flags == before) return 0;
  const pages = <word>((end - start) / PAGE_SIZE);
  let charged: word = 0;
  if (flags & VM_WRITE) {
    // Memory that becomes data counts as such; that it is within RLIMIT_AS already is no reason to
    // refuse.
    if (!mayExpand(flags, pages) && mayExpand(before, pages)) return errorResult(ENOMEM);
    if (!(before & (VM_ACCOUNT | VM_WRITE | VM_SHARED | VM_NORESERVE))) {
      if (!isEnoughMemory(pages)) return errorResult(ENOMEM);
      charged = pages;
      flags |= VM_ACCOUNT;
    }
  } else if (before & VM_ACCOUNT && isAnonymous(region) && region.anonId == 0 && isNewKernel()) {
    flags &= ~VM_ACCOUNT;
  }
  if (modifyRegion(region, start, end, flags, region.nameId) == NO_VMA) return errorResult(ENOMEM);
  commit(<isize>charged);
  if (before & VM_ACCOUNT && !(flags & VM_ACCOUNT)) commit(-(<isize>pages));
  accountPages(before, -(<isize>pages));
  accountPages(flags, <isize>pages);
  // Locked memory that becomes writable gets pages of its own at once.
  if ((before & (VM_WRITE | VM_SHARED | VM_LOCKED)) == VM_LOCKED && flags & VM_WRITE)
    populate(start, end);
  return 0;
}

/**
 * mprotect of pages [start, end) of one private region, as malloc calls it: what builds without the
 * system call have. 0 or -ENOMEM.
 * @noinline
 */
export function protectRegion(start: usize, end: usize, prot: i32): word {
  if (!reserveVmas(3) || !cutEdges(start, end)) return errorResult(ENOMEM);
  removeRegions(start, end);
  const region = takeVma(start, end);
  region.vmFlags = (<word>prot) | VM_MAY_FLAGS;
  accountPages(region.vmFlags, <isize>region.pages);
  enterRegion(region);
  return 0;
}

/**
 * The mprotect system call. 0 or -errno; when it meets a hole, what lies before that has been
 * changed (mprotect(2)).
 */
export function sysMprotect(address: word, length: word, prot: i32): word {
  const grows = prot & PROT_GROWS;
  if (grows == PROT_GROWS || !isAligned(address, PAGE_SIZE)) return errorResult(EINVAL);
  if (length == 0) return 0;
  const bytes = pageAlign(length);
  const last = address + bytes;
  if (last <= address) return errorResult(ENOMEM);
  if (prot & ~PROT_GROWS & ~PROT_KNOWN) return errorResult(EINVAL);
  if (address >= mm.taskSize || !reserveVmas(2)) return errorResult(ENOMEM);
  const end = <usize>min(last, mm.taskSize);
  let start = <usize>address;
  let region = findUserVma(start);
  if (region == NO_VMA) return errorResult(ENOMEM);
  if (grows & PROT_GROWSDOWN) {
    if (region.start >= end) return errorResult(ENOMEM);
    if (!(region.vmFlags & VM_GROWSDOWN)) return errorResult(EINVAL);
    start = region.start;
  } else {
    if (region.start > start) return errorResult(ENOMEM);
    // Nothing grows upwards here.
    if (grows) return errorResult(EINVAL);
  }
  while (start < end) {
    if (region == NO_VMA || region.start > start) return errorResult(ENOMEM);
    const flags = (region.vmFlags & ~VM_ACCESS_FLAGS) | ((<word>prot) & VM_ACCESS_FLAGS);
    if (flags & ~(flags >> 4) & VM_ACCESS_FLAGS) return errorResult(EACCES);
    const stop = min(end, region.end);
    const refused = protectWithin(region, start, stop, flags);
    if (refused != 0) return refused;
    start = stop;
    if (start < end) region = findUserVma(start);
  }
  return <word>end < last ? errorResult(ENOMEM) : 0;
}

// msync and mincore, and the calls that read and set resource limits.

import { ILP32 } from "../../abi/word";
import { PAGE_SIZE, isAligned, pageAlign } from "../../base/align";
import { isInCore, isUserMemory } from "../access";
import { EBUSY, EFAULT, EINVAL, ENOMEM, EPERM, ESRCH, errorResult } from "../errno";
import { syncRegion } from "../files/filemap";
import { findUserVma, lookupVma } from "../find";
import { mm } from "../mm";
import {
  KernelOption,
  RLIM_INFINITY,
  RLIM_NLIMITS,
  option,
  rlimit,
  rlimitMax,
  storeRlimit,
} from "../options";
import { PID } from "./prctl";
import { NO_VMA, VM_LOCKED } from "../vma";

/** msync's flags. @host */
const MS_ASYNC: i32 = 1;
const MS_INVALIDATE: i32 = 2;
const MS_SYNC: i32 = 4;

/**
 * The msync system call: what was stored in shared mappings of files is in the files then, with
 * MS_SYNC on the disk; with MS_INVALIDATE what others wrote to the files meanwhile comes in. 0 or
 * -errno (msync(2)).
 */
export function sysMsync(address: word, length: word, flags: i32): word {
  if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) return errorResult(EINVAL);
  if (!isAligned(address, PAGE_SIZE)) return errorResult(EINVAL);
  if (flags & MS_ASYNC && flags & MS_SYNC) return errorResult(EINVAL);
  const end = address + pageAlign(length);
  if (end < address) return errorResult(ENOMEM);
  let hasHole = false;
  let start = address;
  while (start < end) {
    const region = start < mm.taskSize ? findUserVma(<usize>start) : NO_VMA;
    if (region == NO_VMA) return errorResult(ENOMEM);
    if (region.vmStart > start) {
      // With MS_ASYNC alone there is nothing to do but to report the hole.
      if (flags == MS_ASYNC || region.vmStart >= end) return errorResult(ENOMEM);
      hasHole = true;
    }
    if (flags & MS_INVALIDATE && region.vmFlags & VM_LOCKED) return errorResult(EBUSY);
    const from = max(<usize>start, region.start);
    const to = <usize>min(end, region.vmEnd);
    const error = syncRegion(
      region,
      from,
      to,
      (flags & MS_SYNC) != 0,
      (flags & MS_INVALIDATE) != 0,
    );
    if (error != 0) return error;
    start = region.vmEnd;
  }
  return hasHole ? errorResult(ENOMEM) : 0;
}

/**
 * The mincore system call: one byte per page at `vec`, 1 when it is resident as far as the model
 * knows. 0 or -errno (mincore(2)).
 */
export function sysMincore(address: word, length: word, vec: word): word {
  if (!isAligned(address, PAGE_SIZE)) return errorResult(EINVAL);
  if (address + length < address) return errorResult(ENOMEM);
  const pages = length / PAGE_SIZE + (isAligned(length, PAGE_SIZE) ? 0 : 1);
  if (vec + pages < vec) return errorResult(EFAULT);
  for (let done: word = 0; done < pages; done++) {
    const at = address + done * PAGE_SIZE;
    const region = at < mm.taskSize ? lookupVma(<usize>at) : NO_VMA;
    if (region == NO_VMA) return errorResult(ENOMEM);
    if (!isUserMemory(vec + done, 1, true)) return errorResult(EFAULT);
    store<u8>(<usize>(vec + done), <u8>isInCore(region, <usize>at));
  }
  return 0;
}

/** Sets a resource's limits (do_prlimit). 0 or an error result. */
function setLimits(resource: i32, soft: u64, hard: u64): word {
  if (soft > hard) return errorResult(EINVAL);
  if (hard > rlimitMax(resource) && option(KernelOption.CAP_SYS_RESOURCE) == 0)
    return errorResult(EPERM);
  storeRlimit(resource, soft, hard);
  return 0;
}

/** i386's 32-bit limits: all ones is none. */
function narrow(limit: u64): word {
  return ILP32 && limit > <u64>(<word>-1) ? <word>-1 : <word>limit;
}

function widen(limit: word): u64 {
  return limit == <word>-1 ? RLIM_INFINITY : <u64>limit;
}

/**
 * The getrlimit system call (i386: ugetrlimit), to a struct of two words. 0 or -errno
 * (getrlimit(2)).
 */
export function sysGetrlimit(resource: i32, out: word): word {
  if (<u32>resource >= <u32>RLIM_NLIMITS) return errorResult(EINVAL);
  if (!isUserMemory(out, 2 * sizeof<word>(), true)) return errorResult(EFAULT);
  store<word>(<usize>out, narrow(rlimit(resource)));
  store<word>(<usize>out + sizeof<word>(), narrow(rlimitMax(resource)));
  return 0;
}

/** The setrlimit system call, from a struct of two words. 0 or -errno (setrlimit(2)). */
export function sysSetrlimit(resource: i32, from: word): word {
  if (!isUserMemory(from, 2 * sizeof<word>(), false)) return errorResult(EFAULT);
  if (<u32>resource >= <u32>RLIM_NLIMITS) return errorResult(EINVAL);
  const soft = widen(load<word>(<usize>from));
  return setLimits(resource, soft, widen(load<word>(<usize>from + sizeof<word>())));
}

/**
 * The prlimit64 system call, on the calling process (0, or its number) only; either struct rlimit64
 * may be missing. 0 or -errno (prlimit(2)).
 */
export function sysPrlimit(pid: i32, resource: i32, from: word, out: word): word {
  if (from != 0 && !isUserMemory(from, 16, false)) return errorResult(EFAULT);
  if (pid != 0 && pid != PID) return errorResult(ESRCH);
  if (<u32>resource >= <u32>RLIM_NLIMITS) return errorResult(EINVAL);
  const soft = rlimit(resource);
  const hard = rlimitMax(resource);
  if (from != 0) {
    const refused = setLimits(resource, load<u64>(<usize>from), load<u64>(<usize>from, 8));
    if (refused != 0) return refused;
  }
  if (out == 0) return 0;
  if (!isUserMemory(out, 16, true)) return errorResult(EFAULT);
  store<u64>(<usize>out, soft);
  store<u64>(<usize>out, hard, 8);
  return 0;
}

// mbind: on which NUMA nodes a region's pages may lie. This machine has one node, so a policy
// changes nothing but which neighbours merge (mbind(2),
// Documentation/admin-guide/mm/numa_memory_policy.rst). In the full build only.

import { PAGE_SIZE, isAligned, pageAlign } from "../../base/align";
import { isUserMemory } from "../access";
import { EFAULT, EINVAL, EIO, ENOMEM, EPERM, errorResult } from "../errno";
import { findUserVma } from "../find";
import { LABEL_FAILED, withPolicy } from "../labels";
import { mm } from "../mm";
import { KernelOption, isNewKernel, option } from "../options";
import { modifyRegion } from "../region";
import { PAGE_ANON, PAGE_PRESENT, PAGE_SHMEM, nextMarked, pageMarks } from "../resident";
import { reserveVmas } from "../slab";
import { NO_VMA } from "../vma";

/** Policies. @host */
const MPOL_DEFAULT: u32 = 0;
const MPOL_PREFERRED: u32 = 1;
const MPOL_BIND: u32 = 2;
const MPOL_LOCAL: u32 = 4;
const MPOL_PREFERRED_MANY: u32 = 5;
const MPOL_WEIGHTED_INTERLEAVE: u32 = 6; // since 6.9

/** Their flags. @host */
const MPOL_F_STATIC_NODES: u32 = 0x8000;
const MPOL_F_RELATIVE_NODES: u32 = 0x4000;
const MPOL_F_NUMA_BALANCING: u32 = 0x2000;

const MPOL_USER_NODES: u32 = MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES;
const MPOL_MODE_FLAGS: u32 = MPOL_USER_NODES | MPOL_F_NUMA_BALANCING;

/** What is done about pages in memory. @host */
const MPOL_MF_STRICT: u32 = 1;
const MPOL_MF_MOVE_ALL: u32 = 4;

const MPOL_MF_VALID: u32 = 7;

/** Most nodes that the kernel is built for (MAX_NUMNODES), and the one that there is. */
const MAX_NODES: word = 1024;
const ONLINE: u64 = 1;

/** Whether mode and mode flags exist together (sanitize_mpol_flags). */
function isMode(mode: u32, flags: u32): bool {
  if (mode > (isNewKernel() ? MPOL_WEIGHTED_INTERLEAVE : MPOL_PREFERRED_MANY)) return false;
  if ((flags & MPOL_USER_NODES) == MPOL_USER_NODES) return false;
  if (!(flags & MPOL_F_NUMA_BALANCING)) return true;
  return mode == MPOL_BIND || (mode == MPOL_PREFERRED_MANY && isNewKernel());
}

/** Whether bit number `node` of the mask at `mask` is set. */
function isNode(mask: word, node: word): bool {
  return ((load<u8>(<usize>(mask + node / 8)) >> (<u8>(node & 7))) & 1) != 0;
}

/**
 * Whether the bit mask of `bits` bits at `mask` can be read and names no node beyond those that the
 * kernel knows (get_nodes): 0 or an error result.
 */
function checkNodes(mask: word, bits: word): word {
  if (bits > PAGE_SIZE * 8) return errorResult(EINVAL);
  const bytes = ((bits + (8 * sizeof<word>() - 1)) / (8 * sizeof<word>())) * sizeof<word>();
  if (!isUserMemory(mask, bytes, false)) return errorResult(EFAULT);
  for (let bit = MAX_NODES; bit < bits; bit++) {
    if (isNode(mask, bit)) return errorResult(EINVAL);
  }
  return 0;
}

/**
 * A mask of `bits` bits that `checkNodes` has passed. Nodes from 63 on, none of which there is, are
 * one bit.
 */
function readNodes(mask: word, bits: word): u64 {
  let nodes: u64 = 0;
  for (let bit: word = 0; bit < bits && bit < MAX_NODES; bit++) {
    if (isNode(mask, bit)) nodes |= (<u64>1) << (<u64>min<word>(bit, 63));
  }
  return nodes;
}

/**
 * Whether a policy can be for these nodes (mpol_new, mpol_set_nodemask). Relative ones are counted
 * round the nodes that there are.
 */
function isPolicy(mode: u32, flags: u32, nodes: u64): bool {
  if (mode == MPOL_DEFAULT) return nodes == 0;
  const isHere = nodes == 0 && !(flags & MPOL_USER_NODES);
  if (mode == MPOL_LOCAL || (mode == MPOL_PREFERRED && nodes == 0)) return isHere;
  return flags & MPOL_F_RELATIVE_NODES ? nodes != 0 : (nodes & ONLINE) != 0;
}

/** Whether a page of [start, end) is in memory. The zero page does not count: it is nobody's. */
function hasPages(start: usize, end: usize): bool {
  for (let at = nextMarked(start, end); at < end; at = nextMarked(at + PAGE_SIZE, end)) {
    const marks = pageMarks(at);
    if (marks & PAGE_PRESENT && marks & (PAGE_ANON | PAGE_SHMEM)) return true;
  }
  return false;
}

/**
 * Looks at what is to be bound, region by region (queue_pages_range): 0 or an error result. There
 * must be something, and, but for the default policy, no hole; and no page in memory where it would
 * be on a wrong node (MPOL_MF_STRICT).
 */
function checkRange(start: usize, end: usize, isDefault: bool, isMisplaced: bool): word {
  let region = findUserVma(start);
  if (region == NO_VMA || region.start >= end) return errorResult(EFAULT);
  while (!isDefault && start < end) {
    if (region == NO_VMA || region.start > start) return errorResult(EFAULT);
    const from = start;
    start = region.end;
    region = findUserVma(start);
    if (start < end && (region == NO_VMA || region.start > start)) return errorResult(EFAULT);
    if (isMisplaced && hasPages(from, min(start, end))) return errorResult(EIO);
  }
  return 0;
}

/** Gives [start, end) a policy. 0 or an error result. */
function bind(start: usize, end: usize, policy: u32, userNodes: u64): word {
  while (start < end) {
    const at = findUserVma(start);
    if (at == NO_VMA || at.start >= end) break;
    const from = max(start, at.start);
    const stop = min(end, at.end);
    const label = withPolicy(at.nameId, policy, userNodes);
    if (label == LABEL_FAILED || !reserveVmas(2)) return errorResult(ENOMEM);
    if (label != at.nameId && modifyRegion(at, from, stop, at.vmFlags, label) == NO_VMA)
      return errorResult(ENOMEM);
    start = stop;
  }
  return 0;
}

/**
 * The mbind system call. `mask` has a bit for each node, `maxNode` is one more than its bits. 0 or
 * -errno (mbind(2)).
 */
export function sysMbind(
  address: word,
  length: word,
  modeAndFlags: u32,
  mask: word,
  maxNode: word,
  flags: u32,
): word {
  const mode = modeAndFlags & ~MPOL_MODE_FLAGS;
  const modeFlags = modeAndFlags & MPOL_MODE_FLAGS;
  if (!isMode(mode, modeFlags)) return errorResult(EINVAL);
  const bits = mask != 0 ? maxNode - 1 : 0;
  const unreadable = bits != 0 ? checkNodes(mask, bits) : 0;
  if (unreadable != 0) return unreadable;
  const nodes = bits != 0 ? readNodes(mask, bits) : 0;
  if (flags & ~MPOL_MF_VALID) return errorResult(EINVAL);
  if (flags & MPOL_MF_MOVE_ALL && option(KernelOption.CAP_SYS_NICE) == 0) return errorResult(EPERM);
  const last = address + pageAlign(length);
  if (!isAligned(address, PAGE_SIZE) || last < address) return errorResult(EINVAL);
  if (last == address) return 0;
  if (!isPolicy(mode, modeFlags, nodes)) return errorResult(EINVAL);
  if (address >= mm.taskSize) return errorResult(EFAULT);
  const end = <usize>min(last, mm.taskSize);
  const isDefault = mode == MPOL_DEFAULT;
  const isMisplaced = (flags & MPOL_MF_VALID) == MPOL_MF_STRICT && !(nodes & ONLINE);
  const refused = checkRange(<usize>address, end, isDefault, isMisplaced);
  if (refused != 0) return refused;
  if (!isDefault && <word>end < last) return errorResult(EFAULT);
  const isLocal = mode == MPOL_PREFERRED && nodes == 0;
  const policy = (isLocal ? MPOL_LOCAL : mode) | modeFlags;
  const userNodes = modeFlags & MPOL_USER_NODES ? nodes : 0;
  return bind(<usize>address, end, isDefault ? 0 : policy, userNodes);
}

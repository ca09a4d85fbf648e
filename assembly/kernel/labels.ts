// What tells regions apart beyond flags, file and place: the name that a program gives anonymous
// memory (anon_name), and the policy that says on which NUMA nodes its pages may lie (vm_policy).
// Few regions have either, so both are in one record; equal ones are one record, and Vma.nameId is
// its address: regions with equal labels merge. Records live in pages of the kernel's own. In the
// full build only.

import { PAGE_SIZE } from "../base/align";
import { findUserVma } from "./find";
import { mm } from "./mm";
import { takeMarkPage } from "./slab";
import { NO_VMA } from "./vma";

/** Bytes of the longest name, with the NUL that ends it (ANON_VMA_NAME_MAX_LEN). */
export const NAME_BYTES: word = 80;

/** A region's name and policy. All from `policy` on is what makes two of them equal. */
@unmanaged
export class VmaLabel {
  nextLink: u32; // the list of those in use, or of unused ones
  isUsed: u32; // whether some region has it, while `reclaim` looks
  policy: u32; // mode and mode flags, 0 for the default
  hasName: u32; // whether there is a name, which may be empty
  userNodes: u64; // the nodes that the program named, where the mode flags keep them
  @count(20) text: u32; // the name's bytes, zeroes behind it
}

/** No label: the region has neither a name nor a policy. */
export const NO_LABEL: u32 = 0;

/** The answer when there is no memory for another label. */
export const LABEL_FAILED: u32 = <u32>-1;

function labelAt(address: u32): VmaLabel {
  return changetype<VmaLabel>(<usize>address);
}

/** Whether there is no label. No constant is of this type: it would be described in every build. */
function isNone(label: VmaLabel): bool {
  return changetype<usize>(label) == 0;
}

function addressOf(label: VmaLabel): u32 {
  return <u32>changetype<usize>(label);
}

function give(label: VmaLabel): void {
  label.nextLink = mm.freeLabel;
  mm.freeLabel = addressOf(label);
}

/** Makes labels that no region has any more unused. */
function reclaim(): void {
  let label = labelAt(mm.labels);
  for (; !isNone(label); label = labelAt(label.nextLink)) label.isUsed = 0;
  for (let at = findUserVma(0); at != NO_VMA; at = findUserVma(at.end)) {
    if (at.nameId != NO_LABEL) labelAt(at.nameId).isUsed = 1;
  }
  let kept: u32 = 0;
  for (label = labelAt(mm.labels); !isNone(label);) {
    const after = label.nextLink;
    if (label.isUsed) {
      label.nextLink = kept;
      kept = addressOf(label);
    } else {
      give(label);
    }
    label = labelAt(after);
  }
  mm.labels = kept;
}

/** An unused label, or none. */
function take(): VmaLabel {
  if (mm.freeLabel == 0) reclaim();
  if (mm.freeLabel == 0) {
    const page = takeMarkPage();
    if (page == 0) return labelAt(0);
    for (let at = page; at + offsetof<VmaLabel>() <= page + PAGE_SIZE; at += offsetof<VmaLabel>())
      give(changetype<VmaLabel>(at));
  }
  const label = labelAt(mm.freeLabel);
  mm.freeLabel = label.nextLink;
  return label;
}

/** Whether two labels say the same. */
function areEqual(one: VmaLabel, other: VmaLabel): bool {
  for (let at = offsetof<VmaLabel>("policy"); at < offsetof<VmaLabel>(); at += 4) {
    if (load<u32>(changetype<usize>(one) + at) != load<u32>(changetype<usize>(other) + at))
      return false;
  }
  return true;
}

/** The one label that says what `wanted` does, which is used up: a number for Vma.nameId. */
function unique(wanted: VmaLabel): u32 {
  if (wanted.policy == 0 && !wanted.hasName) {
    give(wanted);
    return NO_LABEL;
  }
  for (let at = labelAt(mm.labels); !isNone(at); at = labelAt(at.nextLink)) {
    if (!areEqual(at, wanted)) continue;
    give(wanted);
    return addressOf(at);
  }
  wanted.nextLink = mm.labels;
  mm.labels = addressOf(wanted);
  return addressOf(wanted);
}

/** An unused label that says what label number `from` does, or none. */
function copyOf(from: u32): VmaLabel {
  const copy = take();
  if (isNone(copy)) return copy;
  if (from == NO_LABEL) memory.fill(changetype<usize>(copy), 0, offsetof<VmaLabel>());
  else memory.copy(changetype<usize>(copy), <usize>from, offsetof<VmaLabel>());
  return copy;
}

/**
 * Label number `from` with another name. A region must take it before the next one is asked for.
 * @param text where the name is, NUL-terminated and at most NAME_BYTES long; 0 for none
 * @returns a number for Vma.nameId, or LABEL_FAILED
 */
export function withName(from: u32, text: usize): u32 {
  const label = copyOf(from);
  if (isNone(label)) return LABEL_FAILED;
  const place = changetype<usize>(label) + offsetof<VmaLabel>("text");
  memory.fill(place, 0, <usize>NAME_BYTES);
  label.hasName = text != 0 ? 1 : 0;
  for (let at: usize = 0; text != 0 && load<u8>(text + at) != 0; at++)
    store<u8>(place + at, load<u8>(text + at));
  return unique(label);
}

/** Label number `from` with another policy; as `withName`. */
export function withPolicy(from: u32, policy: u32, userNodes: u64): u32 {
  const label = copyOf(from);
  if (isNone(label)) return LABEL_FAILED;
  label.policy = policy;
  label.userNodes = userNodes;
  return unique(label);
}

/** Whether two labels have the same policy (mpol_equal). */
export function haveEqualPolicy(one: u32, other: u32): bool {
  if (one == other) return true;
  const policy = one == NO_LABEL ? 0 : labelAt(one).policy;
  if (policy != (other == NO_LABEL ? 0 : labelAt(other).policy)) return false;
  return policy == 0 || labelAt(one).userNodes == labelAt(other).userNodes;
}

// One mapped range of the address space, and its place in the tree of all of them. Links are
// addresses, 0 for none.

import { PAGE_SIZE } from "../base/align";
import { IS_FULL } from "./tier";

/**
 * A virtual memory area (struct vm_area_struct): whole pages, half-open. The first group is what
 * Linux has, the others are the model's.
 */
@unmanaged
export class Vma {
  vmStart: word; // vm_start: first address
  vmEnd: word; // vm_end: first address behind it
  vmFlags: word; // vm_flags: VM_* bits
  vmPgoff: word; // vm_pgoff: the first page in its file, or where it was born, pages
  anonId: u32; // anon_vma: 0 until the first page of its own; equal numbers may merge
  fileId: u32; // vm_file: 0, or the number of the open file description
  nameId: u32; // anon_name and vm_policy: 0, or the address of the VmaLabel that has them

  kind: i32; // whose it is: one of VmaKind
  vmFile: u32; // where that is: its OpenFile, or 0

  parentLink: u32; // the tree (tree.ts): parent,
  leftLink: u32; // lower addresses,
  rightLink: u32; // higher addresses; also the list of unused nodes
  height: i32; // levels of this subtree
  subStart: u32; // where this subtree begins: its lowest start
  subEnd: u32; // where it ends
  subGap: u32; // the widest gap between two of its regions, bytes

  get start(): usize {
    return <usize>this.vmStart;
  }

  get end(): usize {
    return <usize>this.vmEnd;
  }

  get pages(): word {
    return (this.vmEnd - this.vmStart) / PAGE_SIZE;
  }

  get parent(): Vma {
    return changetype<Vma>(<usize>this.parentLink);
  }

  get left(): Vma {
    return changetype<Vma>(<usize>this.leftLink);
  }

  get right(): Vma {
    return changetype<Vma>(<usize>this.rightLink);
  }

  /**
   * Whether the mapping is shared with whoever else maps the file, even if it cannot be written
   * (VM_MAYSHARE).
   */
  get isShared(): bool {
    return this.has(VM_MAYSHARE);
  }

  /** Whether mseal has made it unchangeable. */
  get isSealed(): bool {
    return this.has(VM_SEALED);
  }

  /** Whether the kernel may drop its pages. */
  get isDroppable(): bool {
    return this.has(VM_DROPPABLE);
  }

  /** Whether some page may be a guard. */
  get mayHaveGuard(): bool {
    return this.has(VM_MAYBE_GUARD);
  }

  /** Whether it is a stack, below which a guard gap stays free. */
  get growsDown(): bool {
    return this.has(VM_GROWSDOWN);
  }

  /** Whether it maps a file, or shared memory, which is a file without a name. */
  get hasFile(): bool {
    return IS_FULL && this.vmFile != 0;
  }

  /** Whether it has had pages of its own. */
  get isUsed(): bool {
    return IS_FULL && this.anonId != 0;
  }

  /** Whether it has one of these flags, which no region has in builds other than full. */
  private has(flags: word): bool {
    return IS_FULL && (this.vmFlags & flags) != 0;
  }
}

/** Whose memory a region is. */
export enum VmaKind {
  USER = 0, // the program's
  HIDDEN = 1, // the kernel's own tables, and what lies below the heap: not in maps, not counted
  FOREIGN = 2, // grown by somebody else: in maps, not counted, nobody's mapping may touch it
}

/** No region. */
export const NO_VMA: Vma = changetype<Vma>(0);

/** Bits of vm_flags, as in include/linux/mm.h. @host */
export const VM_READ: word = 0x1;
export const VM_WRITE: word = 0x2;
export const VM_EXEC: word = 0x4;
export const VM_ACCESS_FLAGS: word = 0x7;
export const VM_SHARED: word = 0x8;
export const VM_MAYREAD: word = 0x10;
export const VM_MAYWRITE: word = 0x20;
export const VM_MAYEXEC: word = 0x40;
export const VM_MAY_FLAGS: word = 0x70;
export const VM_MAYSHARE: word = 0x80;
export const VM_GROWSDOWN: word = 0x100;
export const VM_MAYBE_GUARD: word = 0x800; // some page is a guard; 6.18 shows it as "gu"
export const VM_LOCKED: word = 0x2000;
export const VM_SEQ_READ: word = 0x8000;
export const VM_RAND_READ: word = 0x10000;
export const VM_DONTCOPY: word = 0x20000;
export const VM_DONTEXPAND: word = 0x40000;
export const VM_LOCKONFAULT: word = 0x80000;
export const VM_LOCKED_MASK: word = VM_LOCKED | VM_LOCKONFAULT;
export const VM_ACCOUNT: word = 0x100000;
export const VM_NORESERVE: word = 0x200000;
export const VM_WIPEONFORK: word = 0x2000000;
export const VM_DONTDUMP: word = 0x4000000;
// Linux has these two above bit 31. Their places here are of flags that no region of this kernel
// has.
export const VM_SEALED: word = 0x8000000;
export const VM_DROPPABLE: word = 0x10000000;
export const VM_HUGEPAGE: word = 0x20000000;
export const VM_NOHUGEPAGE: word = 0x40000000;
export const VM_MERGEABLE: word = 0x80000000;

/** The offset of `address`, inside or at the end of the region, in what the region maps, pages. */
export function pgoffAt(region: Vma, address: usize): word {
  return region.vmPgoff + (<word>address - region.vmStart) / PAGE_SIZE;
}

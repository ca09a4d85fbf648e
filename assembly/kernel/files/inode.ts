// What files are: inodes and open file descriptions, and what they make of the regions that map
// them. Both structs live in nodes of the region table's (nodes.ts). In the full build only.

import { PAGE_SIZE } from "../../base/align";
import { IS_FULL } from "../tier";
import { VM_SHARED, Vma } from "../vma";

/** What a file is. */
export enum FileKind {
  REGULAR = 0, // bytes of the host's
  DIRECTORY = 1, // cannot be mapped
  PIPE = 2, // cannot be mapped
  CHARACTER = 3, // a device: cannot be mapped
  ZERO = 4, // /dev/zero: a mapping of it is anonymous memory
  SHMEM = 5, // shared memory without a name: bytes of this memory only
}

/** A file itself (struct inode), however often it is open. */
@unmanaged
export class Inode {
  size: u64; // i_size: bytes
  number: u32; // i_ino: what the host calls it; 0 for shared memory
  kind: i32; // one of FileKind
  references: u32; // open file descriptions
  mappings: u32; // regions that map a part of it
  charged: u32; // pages that count as committed (shared memory)
  nextLink: u32; // the next one of the host's, in no order
  kept: u32; // of shared memory the pages that nothing maps (KeptPage)

  /** The pages that it has, the last one maybe in part. */
  get pages(): u64 {
    return (this.size + (PAGE_SIZE - 1)) / PAGE_SIZE;
  }
}

/** An open file description (struct file). */
@unmanaged
export class OpenFile {
  host: i32; // the host's number for it; -1 for shared memory
  flags: i32; // f_flags: O_* bits
  references: u32; // f_count: descriptors and regions
  inodeLink: u32; // f_inode
  number: u32; // which one of all that there ever were, from 1: regions with equal ones may merge

  get inode(): Inode {
    return changetype<Inode>(<usize>this.inodeLink);
  }

  get kind(): FileKind {
    return this.inode.kind;
  }

  get isReadable(): bool {
    return (this.flags & O_ACCMODE) != O_WRONLY;
  }

  get isWritable(): bool {
    return (this.flags & O_ACCMODE) != O_RDONLY;
  }
}

if (offsetof<Inode>() > offsetof<Vma>()) ERROR("an inode must fit a node");
if (offsetof<OpenFile>() > offsetof<Vma>()) ERROR("an open file description must fit a node");

/** No file. */
export const NO_FILE: OpenFile = changetype<OpenFile>(0);
export const NO_INODE: Inode = changetype<Inode>(0);

/** How a file is open. @host */
const O_ACCMODE: i32 = 3;
const O_RDONLY: i32 = 0;
const O_WRONLY: i32 = 1;
export const O_RDWR: i32 = 2;

/** Whether there is a file: never in builds other than full. */
export function isFile(file: OpenFile): bool {
  return IS_FULL && file != NO_FILE;
}

/** The file that a region maps; none for private anonymous memory. */
export function fileOf(region: Vma): OpenFile {
  return changetype<OpenFile>(<usize>region.vmFile);
}

/** Whether a region's private pages begin as zero rather than as a file's (vma_is_anonymous). */
export function isAnonymous(region: Vma): bool {
  return !region.hasFile || fileOf(region).kind == FileKind.ZERO;
}

/** Whether a region's pages come from a file of the host's. */
export function isHostFile(region: Vma): bool {
  return region.hasFile && fileOf(region).kind == FileKind.REGULAR;
}

/** Whether a region's stores belong in a file of the host's. */
export function isWrittenBack(region: Vma): bool {
  return isHostFile(region) && (region.vmFlags & VM_SHARED) != 0;
}

/** Whether page `pgoff` lies within what the region maps: beyond it an access is a SIGBUS. */
export function isWithinFile(region: Vma, pgoff: word): bool {
  return isAnonymous(region) || <u64>pgoff < fileOf(region).inode.pages;
}

// Shared anonymous memory: each MAP_SHARED | MAP_ANONYMOUS mapping is an object of its own (in Linux a deleted file in shmem), which lives
// as long as any region maps a part of it. In the full build only.

import { mm } from "./mm";
import { giveVma, takeVma } from "./slab";
import { VM_NORESERVE, Vma, VmaKind } from "./vma";

/** A shared object. It lives in a node of the region table's. */
@unmanaged
export class SharedObject {
  references: u32; // regions that map a part of it
  pages: u32; // its size
  charged: u32; // pages that count as committed
}

if (offsetof<SharedObject>() > offsetof<Vma>()) ERROR("a shared object must fit a node");

function objectOf(region: Vma): SharedObject {
  return changetype<SharedObject>(<usize>region.shared);
}

/** Makes a new object for all of a new region. Needs a reserved node. Its pages count as committed unless VM_NORESERVE is set. */
export function makeShared(region: Vma): void {
  const object = changetype<SharedObject>(takeVma(0, 0));
  const pages = <u32>region.pages;
  memory.fill(changetype<usize>(object), 0, offsetof<SharedObject>());
  object.references = 1;
  object.pages = pages;
  if (!(region.vmFlags & VM_NORESERVE)) {
    object.charged = pages;
    mm.committed += pages;
  }
  region.shared = <u32>changetype<usize>(object);
  region.fileId = ++mm.lastFileId;
  region.vmPgoff = 0;
}

/** Notes that one more region maps a part of the object. */
export function holdShared(region: Vma): void {
  if (region.kind == VmaKind.USER && region.shared != 0) objectOf(region).references++;
}

/** Notes that a region that goes away does not map it any more. */
export function dropShared(region: Vma): void {
  if (region.kind != VmaKind.USER || region.shared == 0) return;
  const object = objectOf(region);
  if (--object.references > 0) return;
  mm.committed -= object.charged;
  giveVma(changetype<Vma>(object));
}

/** Whether page number `pgoff` lies within the object: beyond it an access is a SIGBUS. */
export function isWithinShared(region: Vma, pgoff: word): bool {
  return region.shared == 0 || pgoff < objectOf(region).pages;
}

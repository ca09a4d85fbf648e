// Files, as far as memory can be made of them: how inodes and open file descriptions (inode.ts)
// come and go, and the table of descriptors. The host opens a file and hands it in (`openFile`);
// what it holds is read and written through the host (base/host.ts). Shared anonymous memory is, as
// in Linux, a mapping of a file without a name. In the full build only.

import { file_close, file_size } from "../../base/host";
import { EMFILE, ENOMEM } from "../errno";
import {
  FileKind,
  Inode,
  NO_FILE,
  NO_INODE,
  O_RDWR,
  OpenFile,
  fileOf,
  isWrittenBack,
} from "./inode";
import { DESCRIPTORS, DESCRIPTORS_AT, MmStruct, mm } from "../mm";
import { giveVma, takeVma } from "../nodes";
import { RLIMIT_NOFILE, rlimit } from "../options";
import { dropKept } from "./shmem";
import { reserveVmas } from "../slab";
import { VM_NORESERVE, Vma, VmaKind } from "../vma";

/** The largest size of a file, bytes (MAX_LFS_FILESIZE). */
export const FILE_SIZE_MAX: u64 = 0x7fffffffffffffff;

/** More of how it is open. @host */
export const O_APPEND: i32 = 0x400;
const O_PATH: i32 = 0x200000;

/** The first descriptors are the terminal's, which is not modelled. */
const FIRST_DESCRIPTOR: i32 = 3;

function newFile(inode: Inode, host: i32, flags: i32): OpenFile {
  const file = changetype<OpenFile>(takeVma(0, 0));
  memory.fill(changetype<usize>(file), 0, offsetof<OpenFile>());
  file.host = host;
  file.flags = flags;
  file.inodeLink = <u32>changetype<usize>(inode);
  file.number = ++mm.lastFileId;
  inode.references++;
  return file;
}

function newInode(number: u32, kind: FileKind): Inode {
  const inode = changetype<Inode>(takeVma(0, 0));
  memory.fill(changetype<usize>(inode), 0, offsetof<Inode>());
  inode.number = number;
  inode.kind = kind;
  return inode;
}

/** The file of the host's with this number that is open already, or none. */
function knownInode(number: u32): Inode {
  let inode = changetype<Inode>(<usize>mm.inodes);
  while (inode != NO_INODE && inode.number != number)
    inode = changetype<Inode>(<usize>inode.nextLink);
  return inode;
}

/** Takes an inode that nobody has open any more out of the list. */
function forgetInode(inode: Inode): void {
  let link = changetype<usize>(mm) + offsetof<MmStruct>("inodes");
  for (let at = load<u32>(link); at != 0; at = load<u32>(link)) {
    if (at == <u32>changetype<usize>(inode)) {
      store<u32>(link, inode.nextLink);
      return;
    }
    link = <usize>at + offsetof<Inode>("nextLink");
  }
}

/**
 * Gives back a description that nobody refers to, with its inode when it was the last one. 0 or the
 * host's error.
 */
function release(file: OpenFile): word {
  const inode = file.inode;
  const host = file.host;
  giveVma(changetype<Vma>(file));
  if (--inode.references == 0) {
    mm.committed -= inode.charged;
    if (inode.kind != FileKind.SHMEM) forgetInode(inode);
    else dropKept(inode);
    giveVma(changetype<Vma>(inode));
  }
  return host < 0 ? 0 : <word>(<isize>file_close(host));
}

/** Gives up one reference to a description. 0 or the host's error. */
function dropReference(file: OpenFile): word {
  return --file.references == 0 ? release(file) : 0;
}

/** Makes `file` what a new region maps. */
export function setFile(region: Vma, file: OpenFile): void {
  region.vmFile = <u32>changetype<usize>(file);
  region.fileId = file.number;
  holdFile(region);
}

/** Notes that one more region maps a part of its file. */
export function holdFile(region: Vma): void {
  if (!region.hasFile || region.kind != VmaKind.USER) return;
  const file = fileOf(region);
  file.references++;
  file.inode.mappings++;
  if (isWrittenBack(region)) mm.writtenBack++;
}

/** Notes that a region that goes away does not map its file any more. */
export function dropFile(region: Vma): void {
  if (!region.hasFile || region.kind != VmaKind.USER) return;
  const file = fileOf(region);
  if (isWrittenBack(region)) mm.writtenBack--;
  file.inode.mappings--;
  dropReference(file);
}

/**
 * Makes a new file of shared memory for all of a new region (shmem_zero_setup). Needs two reserved
 * nodes. Its pages count as committed unless VM_NORESERVE is set.
 */
export function makeShared(region: Vma): void {
  const inode = newInode(0, FileKind.SHMEM);
  inode.size = <u64>(region.vmEnd - region.vmStart);
  if (!(region.vmFlags & VM_NORESERVE)) {
    inode.charged = <u32>region.pages;
    mm.committed += region.pages;
  }
  setFile(region, newFile(inode, -1, O_RDWR));
}

/** Where the table of descriptors has number `fd`. */
function slotOf(fd: i32): usize {
  return changetype<usize>(mm) + DESCRIPTORS_AT + ((<usize>fd) << 2);
}

/**
 * The description behind a descriptor, O_PATH ones included (fget_raw); none when it is not open.
 */
function rawDescription(fd: i32): OpenFile {
  return <u32>fd < <u32>DESCRIPTORS ? changetype<OpenFile>(<usize>load<u32>(slotOf(fd))) : NO_FILE;
}

/**
 * The description behind a descriptor that can be used for more than naming the file (fget); none:
 * EBADF.
 */
export function describe(fd: i32): OpenFile {
  const file = rawDescription(fd);
  return file == NO_FILE || file.flags & O_PATH ? NO_FILE : file;
}

/** The lowest free descriptor, or -1 (get_unused_fd_flags). */
function freeDescriptor(): i32 {
  const limit = <i32>min(<u64>DESCRIPTORS, rlimit(RLIMIT_NOFILE));
  for (let fd = FIRST_DESCRIPTOR; fd < limit; fd++) {
    if (load<u32>(slotOf(fd)) == 0) return fd;
  }
  return -1;
}

/**
 * Gives a file that the host opened a descriptor. `host` is the number by which the imports know it
 * from here on, until they are told to close it; `number` its identity: the same for the same file,
 * however often it is open. `kind`: a `FileKind`; `flags`: O_* bits it was opened with. The
 * descriptor, or -EMFILE, -ENOMEM, or the host's error; then the host's file is still the host's.
 */
export function openFile(host: i32, number: u32, kind: i32, flags: i32): i32 {
  const fd = freeDescriptor();
  if (fd < 0) return -EMFILE;
  if (!reserveVmas(2)) return -ENOMEM;
  let inode = knownInode(number);
  if (inode == NO_INODE) {
    const size = kind == FileKind.REGULAR ? file_size(host) : 0;
    if (size < 0) return <i32>size;
    inode = newInode(number, kind);
    inode.size = <u64>size;
    inode.nextLink = mm.inodes;
    mm.inodes = <u32>changetype<usize>(inode);
  }
  const file = newFile(inode, host, flags);
  file.references = 1;
  store<u32>(slotOf(fd), <u32>changetype<usize>(file));
  return fd;
}

/**
 * Frees a descriptor. The description it had, still referred to; none: EBADF. To be followed by
 * `dropDescription`.
 */
export function takeDescriptor(fd: i32): OpenFile {
  const file = rawDescription(fd);
  if (file != NO_FILE) store<u32>(slotOf(fd), 0);
  return file;
}

/** Gives up what `takeDescriptor` took. 0 or the host's error. */
export function dropDescription(file: OpenFile): word {
  return dropReference(file);
}

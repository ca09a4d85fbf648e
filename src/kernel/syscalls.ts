// The system calls by name, with numbers in and numbers out, in one of two styles:
//
//   errno     as in C: -1 (or undefined, where C fills a struct in) on failure, and `errno` says
//             why
//   throwing  a SystemCallError on failure
//
// brk and sbrk are libc's functions, not the bare system call: brk gives 0, sbrk the previous
// break.

import { checkInteger } from "../base/checks.js";
import { PAGE_BYTES } from "../process/options.js";
import { needed } from "../base/realm.js";
import { Errno } from "./errno.js";
import { FileCalls } from "./file-calls.js";
import { MAP, PR, PROT } from "./flags.js";
import { readLimits, writeLimits, type Limits } from "./limits.js";
import { toWord, type Size } from "./raw-calls.js";

const SCRATCH_LIMITS = 64;

/** More bytes than a name may have, so that one that is too long is refused. */
const NAME_BYTES = 100;

/**
 * The system calls of one process. Addresses and lengths are bytes, unsigned; a range begins at a
 * page boundary, and its length is rounded up to whole pages of 4096 bytes, as the man page of each
 * says. Errors are Linux's.
 */
export class SystemCalls extends FileCalls {
  /**
   * The break now, an address: the raw system call brk with 0.
   */
  currentBreak(): number {
    return this.calls.raw("brk", 0);
  }

  /**
   * brk(2), libc's: moves the break to `address`. 0, or a failure with ENOMEM. An address below
   * start_brk gives 0 and changes nothing.
   */
  brk(address: Size): number {
    const { abi, raw } = this.calls.process;
    return this.calls.libc("brk", raw.brk(toWord(abi, address)));
  }

  /**
   * sbrk(2), libc's: moves the break by `increment` bytes. The previous break, or a failure with
   * ENOMEM.
   * @throws RangeError when the increment does not fit an intptr_t
   */
  sbrk(increment: number): number {
    const { abi, raw } = this.calls.process;
    const most = abi === "ilp32" ? 2 ** 31 - 1 : Number.MAX_SAFE_INTEGER;
    checkInteger("sbrk: increment", increment, { min: -most - 1, max: most });
    return this.calls.libc("sbrk", BigInt(raw.sbrk(toWord(abi, increment))));
  }

  /**
   * mmap(2): maps memory, anonymous and private by default.
   * @param address 0, a hint, or with MAP.FIXED the place
   * @param length bytes
   * @param prot PROT bits
   * @param flags MAP bits
   * @param fd a descriptor (see `open`, `openFile`); -1 for anonymous memory
   * @param offset bytes from the file's start, a multiple of 4096
   * @returns the mapping's address, or FAILED; beyond Linux's errors EOPNOTSUPP, for a shared
   *   mapping of pages of a file that have one already
   */
  mmap(
    address: Size,
    length: Size,
    prot: number = PROT.READ | PROT.WRITE,
    flags: number = MAP.PRIVATE | MAP.ANONYMOUS,
    fd = -1,
    offset: Size = 0,
  ): number {
    if (this.calls.process.abi === "lp64")
      return this.calls.done("mmap", address, length, prot, flags, fd, offset);
    // i386's call counts the offset in pages; libc checks that it is whole ones.
    const bytes = BigInt(offset);
    if (bytes % BigInt(PAGE_BYTES) !== 0n) return this.calls.fail("mmap", Errno.EINVAL);
    return this.calls.done("mmap2", address, length, prot, flags, fd, bytes / BigInt(PAGE_BYTES));
  }

  /**
   * munmap(2): unmaps what there is in a range.
   * @param address where the range begins
   * @param length bytes
   * @returns 0, or FAILED: EINVAL; ENOMEM when a mapping would have to be split and there are too
   *   many
   */
  munmap(address: Size, length: Size): number {
    return this.calls.done("munmap", address, length);
  }

  /**
   * mremap(2): changes the size of a mapping, or moves it.
   * @param oldAddress where it begins
   * @param oldLength bytes of it
   * @param newLength bytes that it shall have
   * @param flags MREMAP bits
   * @param newAddress the place, with MREMAP.FIXED
   * @returns the mapping's address now, or FAILED
   */
  mremap(
    oldAddress: Size,
    oldLength: Size,
    newLength: Size,
    flags = 0,
    newAddress: Size = 0,
  ): number {
    return this.calls.done("mremap", oldAddress, oldLength, newLength, flags, newAddress);
  }

  /**
   * mprotect(2): what may be done with a range.
   * @param address where the range begins
   * @param length bytes
   * @param prot PROT bits
   * @returns 0, or FAILED: EINVAL, ENOMEM, EACCES
   */
  mprotect(address: Size, length: Size, prot: number): number {
    return this.calls.done("mprotect", address, length, prot);
  }

  /**
   * madvise(2): what will be done with a range, or what shall be done with its pages.
   * @param address where the range begins
   * @param length bytes
   * @param advice one of MADV
   * @returns 0, or FAILED: EINVAL, ENOMEM and others
   */
  madvise(address: Size, length: Size, advice: number): number {
    return this.calls.done("madvise", address, length, advice);
  }

  /**
   * msync(2): brings what was stored in shared mappings of files to the files.
   * @param address where the range begins
   * @param length bytes
   * @param flags MS bits
   * @returns 0, or FAILED: EINVAL, ENOMEM, EBUSY, or the file's error
   */
  msync(address: Size, length: Size, flags: number): number {
    return this.calls.done("msync", address, length, flags);
  }

  /**
   * mincore(2): which pages of a range are in memory, as far as the model knows.
   * @param address where the range begins
   * @param length bytes
   * @param vector the address that one byte for each page goes to: bit 0 is set where the page is
   *   in memory
   * @returns 0, or FAILED: EINVAL, ENOMEM, EFAULT
   */
  mincore(address: Size, length: Size, vector: Size): number {
    return this.calls.done("mincore", address, length, vector);
  }

  /**
   * mlock(2): makes the pages of a range resident, and keeps them so.
   * @param address where the range begins
   * @param length bytes
   * @returns 0, or FAILED: ENOMEM (also beyond RLIMIT.MEMLOCK), EPERM, EAGAIN
   */
  mlock(address: Size, length: Size): number {
    return this.calls.done("mlock", address, length);
  }

  /**
   * mlock2(2): as `mlock`.
   * @param address where the range begins
   * @param length bytes
   * @param flags MLOCK bits
   * @returns 0, or FAILED: also EINVAL
   */
  mlock2(address: Size, length: Size, flags: number): number {
    return this.calls.done("mlock2", address, length, flags);
  }

  /**
   * munlock(2): undoes `mlock` for a range.
   * @param address where the range begins
   * @param length bytes
   * @returns 0, or FAILED: EINVAL, ENOMEM
   */
  munlock(address: Size, length: Size): number {
    return this.calls.done("munlock", address, length);
  }

  /**
   * mlockall(2): locks what is mapped, or will be.
   * @param flags MCL bits
   * @returns 0, or FAILED: EINVAL, ENOMEM, EPERM
   */
  mlockall(flags: number): number {
    return this.calls.done("mlockall", flags);
  }

  /**
   * munlockall(2): undoes `mlockall` and every `mlock`.
   * @returns 0
   */
  munlockall(): number {
    return this.calls.done("munlockall");
  }

  /**
   * mseal(2), since Linux 6.10: nobody unmaps, moves or changes the memory any more.
   * @param address where the range begins
   * @param length bytes
   * @param flags 0
   * @returns 0, or FAILED: EINVAL, ENOMEM
   */
  mseal(address: Size, length: Size, flags: Size = 0): number {
    return this.calls.done("mseal", address, length, flags);
  }

  /**
   * mbind(2): where the pages of a range are to come from.
   * @param address where the range begins
   * @param length bytes
   * @param mode one of MPOL, with F bits
   * @param nodes a bit for each NUMA node, lowest first; this machine has node 0
   * @param flags MPOL.MF bits
   * @returns 0, or FAILED: EINVAL, EFAULT, EIO, ENOMEM, EPERM
   */
  mbind(address: Size, length: Size, mode: number, nodes: Size = 0, flags = 0): number {
    const mask = this.#scratch();
    this.calls.process.view().setBigUint64(mask, BigInt(nodes), true);
    return this.calls.done("mbind", address, length, mode, mask, 65, flags);
  }

  /**
   * remap_file_pages(2): shows other pages of the object that is mapped at a place.
   * @param address where the range begins
   * @param size bytes
   * @param prot 0
   * @param pgoff the object's page that shall be first there
   * @param flags MAP bits, of which only MAP.NONBLOCK means anything
   * @returns 0, or FAILED: EINVAL; EOPNOTSUPP where a page would be in two places
   */
  remapFilePages(address: Size, size: Size, prot: Size, pgoff: Size, flags = 0): number {
    return this.calls.done("remap_file_pages", address, size, prot, pgoff, flags);
  }

  /**
   * prctl(2): PR.SET_VMA is there, see `setVmaName`.
   * @param option one of PR
   * @param arg2 what the option asks for, as the others
   * @returns 0, or FAILED: EINVAL and others
   */
  prctl(option: number, arg2: Size = 0, arg3: Size = 0, arg4: Size = 0, arg5: Size = 0): number {
    return this.calls.done("prctl", option, arg2, arg3, arg4, arg5);
  }

  /**
   * prctl with PR.SET_VMA and PR.SET_VMA_ANON_NAME: what maps is to call anonymous memory,
   * `[anon:NAME]`.
   * @param address where the range begins
   * @param length bytes
   * @param name up to 79 printable characters of ASCII, none of them [ ] \ $ `; undefined for no
   *   name
   * @returns 0, or FAILED: EINVAL, EBADF, ENOMEM
   */
  setVmaName(address: Size, length: Size, name: string | undefined): number {
    if (name === undefined) return this.prctl(PR.SET_VMA, PR.SET_VMA_ANON_NAME, address, length);
    const text = this.#scratch();
    const bytes = new (needed("TextEncoder"))().encode(name).subarray(0, NAME_BYTES);
    this.calls.process.u8().set([...bytes, 0], text);
    return this.prctl(PR.SET_VMA, PR.SET_VMA_ANON_NAME, address, length, text);
  }

  /**
   * getpid(2).
   * @returns the process's number
   */
  getpid(): number {
    return this.calls.done("getpid");
  }

  /**
   * getrlimit(2).
   * @param resource one of RLIMIT
   * @returns its limits; undefined on failure: EINVAL
   */
  getrlimit(resource: number): Limits | undefined {
    const name = this.calls.process.abi === "ilp32" ? "ugetrlimit" : "getrlimit";
    const out = this.#scratch();
    if (this.calls.done(name, resource, out) !== 0) return undefined;
    return readLimits(this.calls.process.view(), out, this.calls.process.abi === "lp64");
  }

  /**
   * setrlimit(2).
   * @param resource one of RLIMIT
   * @param limits in the resource's own unit: bytes for memory
   * @returns 0, or FAILED: EINVAL, EPERM
   */
  setrlimit(resource: number, limits: Limits): number {
    const at = this.#scratch();
    writeLimits(this.calls.process.view(), at, limits, this.calls.process.abi === "lp64");
    return this.calls.done("setrlimit", resource, at);
  }

  /**
   * prlimit(2) of this process.
   * @param resource one of RLIMIT
   * @param limits new ones, if there shall be
   * @returns the limits as they were before; undefined on failure: EINVAL, EPERM
   */
  prlimit(resource: number, limits?: Limits): Limits | undefined {
    const at = this.#scratch();
    const out = at + SCRATCH_LIMITS;
    if (limits !== undefined) writeLimits(this.calls.process.view(), at, limits, true);
    const result = this.calls.done("prlimit64", 0, resource, limits === undefined ? 0 : at, out);
    return result === 0 ? readLimits(this.calls.process.view(), out, true) : undefined;
  }

  #scratch(): number {
    return this.calls.process.raw.scratch() >>> 0;
  }
}

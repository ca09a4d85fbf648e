// The functions that C programs have, by C's names: the malloc family, and libc's calls about
// memory. A build that puts something in front of malloc exports its own family, and the others
// from here.

export * from "./malloc-family";
export {
  brk,
  sbrk,
  mmap,
  munmap,
  mremap,
  mallocTrim as malloc_trim,
  mallinfo,
  mallinfo2,
  errnoLocation as __errno_location,
} from "./libc";

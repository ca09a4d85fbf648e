// What the allocator's module exports: C's names with C's meanings, and a few for the host.

export {
  malloc,
  free,
  calloc,
  realloc,
  reallocarray,
  mallocUsableSize as malloc_usable_size,
  threadExit as thread_exit,
} from "./malloc/api";
export {
  memalign,
  memalign as aligned_alloc,
  posixMemalign as posix_memalign,
  valloc,
  pvalloc,
} from "./malloc/memalign";
export { mallocMany as malloc_many, freeMany as free_many } from "./many";
export { setParameter as mallopt, setTunableValue as set_tunable } from "./malloc/parameters";
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
  mmStruct as mm_struct,
  mallocPar as malloc_par,
  mainArenaAddress as main_arena,
  tcacheAddress as tcache,
  threadData as thread_data,
} from "./libc";
export {
  initialize,
  attach,
  kernelBytes as kernel_bytes,
  setTcacheKey as set_tcache_key,
  scratch,
} from "./process";

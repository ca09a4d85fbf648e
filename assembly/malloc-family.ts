// malloc(3) and its kin, by C's names: whatever gives a block, takes one, or says how great it is.

export { malloc, free, calloc } from "./malloc/api";
export { realloc, reallocarray, mallocUsableSize as malloc_usable_size } from "./malloc/realloc";
export {
  memalign,
  alignedAlloc as aligned_alloc,
  posixMemalign as posix_memalign,
  valloc,
  pvalloc,
} from "./malloc/memalign";

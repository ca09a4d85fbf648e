// What builds of glibc 2.43 and later export besides: an entry beside the build's own.

export { freeSized as free_sized, freeAlignedSized as free_aligned_sized } from "./malloc/sized";

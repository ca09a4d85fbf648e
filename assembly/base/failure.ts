// Every way in which glibc's malloc refuses to go on: the messages of malloc_printerr, then the
// assertions that a corrupted heap can reach. The host maps a code to glibc's exact text. Checks
// are explicit `if (…) corrupted(…)`, because `assert` is for our own mistakes and is stripped from
// release builds.

import { fail } from "./host";

/** Which integrity check failed. The order is glibc's own, by function. */
export enum Failure {
  UNLINK_SIZE = 1, // corrupted size vs. prev_size
  UNLINK_LIST, // corrupted double-linked list
  UNLINK_NEXTSIZE, // corrupted double-linked list (not small)
  BREAK_ADJUSTED, // break adjusted to free malloc space
  MUNMAP_POINTER, // munmap_chunk(): invalid pointer
  MREMAP_POINTER, // mremap_chunk(): invalid pointer
  TCACHE_UNALIGNED, // malloc(): unaligned tcache chunk detected
  TCACHE_SHUTDOWN_UNALIGNED, // tcache_thread_shutdown(): unaligned tcache chunk detected
  REALLOC_POINTER, // realloc(): invalid pointer
  FASTBIN_UNALIGNED, // malloc(): unaligned fastbin chunk detected
  FASTBIN_UNALIGNED_2, // malloc(): unaligned fastbin chunk detected 2
  FASTBIN_SIZE, // malloc(): memory corruption (fast)
  FASTBIN_UNALIGNED_3, // malloc(): unaligned fastbin chunk detected 3
  SMALLBIN_LIST, // malloc(): smallbin double linked list corrupted
  UNSORTED_SIZE, // malloc(): invalid size (unsorted)
  UNSORTED_NEXT_SIZE, // malloc(): invalid next size (unsorted)
  UNSORTED_PREV_SIZE, // malloc(): mismatching next->prev_size (unsorted)
  UNSORTED_LIST, // malloc(): unsorted double linked list corrupted
  UNSORTED_PREV_INUSE, // malloc(): invalid next->prev_inuse (unsorted)
  LARGEBIN_NEXTSIZE, // malloc(): largebin double linked list corrupted (nextsize)
  LARGEBIN_BK, // malloc(): largebin double linked list corrupted (bk)
  REMAINDER_LIST, // malloc(): corrupted unsorted chunks
  REMAINDER_LIST_2, // malloc(): corrupted unsorted chunks 2
  TOP_SIZE, // malloc(): corrupted top size
  FREE_POINTER, // free(): invalid pointer
  FREE_SIZE, // free(): invalid size
  FREE_TCACHE_COUNT, // free(): too many chunks detected in tcache
  FREE_TCACHE_UNALIGNED, // free(): unaligned chunk detected in tcache 2
  FREE_TCACHE_DOUBLE, // free(): double free detected in tcache 2
  FREE_NEXT_SIZE_FAST, // free(): invalid next size (fast)
  DOUBLE_FREE_FASTTOP, // double free or corruption (fasttop)
  FREE_FASTBIN_ENTRY, // invalid fastbin entry (free)
  DOUBLE_FREE_TOP, // double free or corruption (top)
  DOUBLE_FREE_OUT, // double free or corruption (out)
  DOUBLE_FREE_PREV, // double free or corruption (!prev)
  FREE_NEXT_SIZE_NORMAL, // free(): invalid next size (normal)
  CONSOLIDATE_PREV_SIZE, // corrupted size vs. prev_size while consolidating
  FREE_UNSORTED_LIST, // free(): corrupted unsorted chunks
  FASTBINS_UNALIGNED, // malloc_consolidate(): unaligned fastbin chunk detected
  FASTBINS_SIZE, // malloc_consolidate(): invalid chunk size
  FASTBINS_PREV_SIZE, // corrupted size vs. prev_size in fastbins
  REALLOC_OLD_SIZE, // realloc(): invalid old size
  REALLOC_NEXT_SIZE, // realloc(): invalid next size
  MALLINFO_UNALIGNED, // int_mallinfo(): unaligned fastbin chunk detected
  MALLOC_INFO_UNALIGNED, // __malloc_info(): unaligned fastbin chunk detected
  FREE_SMALLBIN_LIST, // free(): chunks in smallbin corrupted

  ASSERT_OLD_TOP = 101, // sysmalloc: (old_top == initial_top (av) && old_size == 0) || …
  ASSERT_OLD_TOP_SMALL, // sysmalloc: (unsigned long) (old_size) < (unsigned long) (nb + MINSIZE)
  ASSERT_BREAK_ALIGNED, // sysmalloc: ((unsigned long) chunk2mem (brk) & …) == 0 (lp64)
  ASSERT_LARGEBIN_BK_ARENA, // _int_malloc: chunk_main_arena (bck->bk)
  ASSERT_LARGEBIN_FWD_ARENA, // _int_malloc: chunk_main_arena (fwd)
  ASSERT_BIN_SIZE, // _int_malloc: (unsigned long) (size) >= (unsigned long) (nb)
  ASSERT_MUNMAP_MMAPPED, // munmap_chunk: chunk_is_mmapped (p)
  ASSERT_MREMAP_MMAPPED, // mremap_chunk: chunk_is_mmapped (p)
  ASSERT_MREMAP_ALIGNED, // mremap_chunk: aligned_OK (chunk2mem (p))
  ASSERT_REALLOC_MMAPPED, // _int_realloc: !chunk_is_mmapped (oldp)
  ASSERT_REALLOC_SIZE, // _int_realloc: (unsigned long) (newsize) >= (unsigned long) (nb)
  ASSERT_MEMALIGN_SIZE, // _int_memalign: newsize >= nb && (… % alignment) == 0
  ASSERT_MALLOC_ARENA, // __libc_malloc: !victim || … || &main_arena == …
  ASSERT_REALLOC_ARENA, // __libc_realloc: !newp || … || ar_ptr == …
  ASSERT_MEMALIGN_ARENA, // _mid_memalign: !p || … || &main_arena == …
  ASSERT_CALLOC_ARENA, // __libc_calloc: !mem || chunk_is_mmapped (mem2chunk (mem)) || av == …
  ASSERT_CALLOC_CLEARS, // __libc_calloc: nclears >= 3
  ASSERT_MALLOC_ARENA_2, // __libc_malloc: the same with ar_ptr: when there are threads
  ASSERT_MEMALIGN_ARENA_2, // _mid_memalign: likewise
  ASSERT_HEAP_ARENA, // _int_free: heap->ar_ptr == av
  ASSERT_HEAP_FENCE, // heap_trim: chunksize_nomask (p) == (0 | PREV_INUSE)
  ASSERT_ARENA_FREE, // get_free_list: result->attached_threads == 0
  ASSERT_ARENA_REPLACED, // detach_arena: replaced_arena->attached_threads > 0
  ASSERT_ARENA_LEFT, // __malloc_arena_thread_freeres: a->attached_threads > 0
  ASSERT_LARGEBIN_FWD_ARENA_2, // _int_malloc: chunk_main_arena (fwd), further on in the bin
  ASSERT_REALLOC_ARENA_2, // __libc_realloc: likewise when there are threads

  // Where glibc has no check and the process dies of SIGSEGV, or goes round in a circle for ever.
  // Of links, the address is of what holds the link.
  SEGV_ACCESS = 151, // an access outside the memory
  SEGV_POINTER, // nothing is mapped there
  SEGV_SMALLBIN, // malloc: small bin, bk of chunk
  SEGV_LARGEBIN_FIT, // malloc: large bin, bk_nextsize of chunk
  SEGV_LARGEBIN_SORT, // malloc: large bin, fd_nextsize of chunk
  SEGV_FASTBINS, // malloc_consolidate: fast bin, fd of chunk
  SEGV_INFO_BIN, // mallinfo: bin, bk of chunk
  SEGV_INFO_FASTBIN, // mallinfo: fast bin, fd of chunk
  SEGV_TRIM_BIN, // malloc_trim: bin, bk of chunk
  SEGV_ARENAS, // ring of arenas, next of arena
  SEGV_HEAP_ARENA, // heap_for_ptr: ar_ptr of heap_info
  SEGV_HEAPS, // heap_trim: prev of heap_info
  SEGV_TCACHE, // tcache_thread_shutdown: tcache, next of block
  SEGV_QUEUE, // queue of frees, next of block
  SEGV_REGIONS, // region table, links of node
  SEGV_MALLOC_INFO_BIN, // malloc_info: bin, fd of chunk (the host's)
  SEGV_MALLOC_INFO_FASTBIN, // malloc_info: fast bin, fd of chunk (the host's)
  SEGV_TOP, // malloc_info, malloc_stats: top of arena (the host's)
}

/** Ends the call with the failure `code` found at `address`: never returns. */
export function corrupted(code: Failure, address: usize): void {
  fail(code, address);
  unreachable();
}

// AssemblyScript's `heap`, whichever allocator --runtime puts behind it, as the generic loops see
// one.

/** The allocator, as the loops see it: `heap`, with C's meaning of NULL and of size 0. */
@unmanaged
export class AsHeap {
  malloc(bytes: word): word {
    return heap.alloc(bytes);
  }

  calloc(count: word, bytes: word): word {
    const block = heap.alloc(count * bytes);
    memory.fill(block, 0, count * bytes);
    return block;
  }

  // There is no aligned allocation: this asks for enough to align in, and leaves that out.
  memalign(alignment: word, bytes: word): word {
    return heap.alloc(alignment > 16 ? bytes + alignment - 1 : bytes);
  }

  realloc(block: word, bytes: word): word {
    if (block == 0) return heap.alloc(bytes);
    if (bytes != 0) return heap.realloc(block, bytes);
    heap.free(block);
    return 0;
  }

  free(block: word): void {
    if (block != 0) heap.free(block);
  }
}

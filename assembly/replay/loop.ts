// The replay loop: runs packed operations of a trace against an allocator, with no call out of
// WebAssembly. It is generic over the allocator, so that every contestant of a benchmark runs in
// the very same loop.

/** One packed operation. */
@unmanaged
export class Op {
  idKind: u32; // slot of the block table * 8 + OpKind
  x: word; // bytes; for CALLOC the number of elements, for MEMALIGN the alignment
  y: word; // CALLOC: bytes of an element; MEMALIGN: bytes
}

export enum OpKind {
  MALLOC,
  CALLOC,
  MEMALIGN,
  REALLOC,
  FREE,
}

/** Bits of `idKind` that hold the kind. @host */
const KIND_BITS: u32 = 3;

const KIND_MASK: u32 = (1 << KIND_BITS) - 1;

/** What a program does with a block that it got: nothing. */
@unmanaged
export class Untouched {
  use(block: word, bytes: word): void {}
}

/** It writes the first and the last byte. */
@unmanaged
export class Touched {
  use(block: word, bytes: word): void {
    if (block == 0 || bytes == 0) return;
    store<u8>(<usize>block, 1);
    store<u8>(<usize>(block + bytes - 1), 1);
  }
}

/**
 * Runs the operations in [begin, end) over the table of blocks. Slot 0 is the id that is never
 * live. Returns the last result.
 */
export function runOps<Allocator extends Contestant, Program extends BlockUser>(
  begin: usize,
  end: usize,
  blocks: usize,
): word {
  const allocator = changetype<Allocator>(0);
  const program = changetype<Program>(0);
  let result: word = 0;
  for (let place = begin; place < end; place += offsetof<Op>()) {
    const op = changetype<Op>(place);
    const kind = op.idKind & KIND_MASK;
    const slot = blocks + <usize>(op.idKind >> KIND_BITS) * sizeof<word>();
    if (kind == OpKind.FREE) {
      const block = load<word>(slot);
      store<word>(slot, 0);
      allocator.free(block);
      result = 0;
      continue;
    }
    if (kind == OpKind.MALLOC) {
      result = allocator.malloc(op.x);
      program.use(result, op.x);
    } else if (kind == OpKind.REALLOC) {
      result = allocator.realloc(load<word>(slot), op.x);
      // A failed realloc leaves the old block alone; realloc to 0 bytes has freed it.
      if (result == 0 && op.x != 0) continue;
      program.use(result, op.x);
    } else if (kind == OpKind.CALLOC) {
      result = allocator.calloc(op.x, op.y);
      program.use(result, op.x * op.y);
    } else {
      result = allocator.memalign(op.x, op.y);
      program.use(result, op.y);
    }
    if (slot != blocks) store<word>(slot, result);
  }
  return result;
}

/** Frees every block of a table of `count` slots and empties it. */
export function freeAll<Allocator extends Contestant>(blocks: usize, count: u32): void {
  const allocator = changetype<Allocator>(0);
  for (let index: u32 = 0; index < count; index++) {
    const slot = blocks + <usize>index * sizeof<word>();
    const block = load<word>(slot);
    store<word>(slot, 0);
    if (block != 0) allocator.free(block);
  }
}

// What AssemblyScript's garbage collectors ask of an allocator: blocks, never NULL. They live right behind the program's static data.
// Addresses below `__heap_base` are the compiler's: static objects, which are never freed and move into the heap when they are resized.

import { SIZE_SZ } from "../abi/word";
import { free, malloc, realloc } from "../malloc/api";
import { Chunk, usableSize } from "../malloc/chunk";
import { startHeap } from "./start";
import { noMemory } from "./texts";

/** The bytes of a static block, which the compiler has written in front of it. */
function staticSize(address: usize): usize {
  return load<usize>(address - sizeof<usize>()) & ~3;
}

/** Begins the heap behind the static data. To be called once, before everything else. */
export function startCollected(): void {
  if (startHeap() != 0) noMemory(0);
}

/** A block of at least `bytes` bytes, aligned to 16. Aborts the program when the memory cannot grow. */
export function allocateBlock(bytes: usize): usize {
  const mem = <usize>malloc(<word>bytes);
  if (mem == 0) noMemory(bytes);
  return mem;
}

/** Makes the block at `address`, or a new one for 0, hold `bytes` bytes. It may move. */
export function resizeBlock(address: usize, bytes: usize): usize {
  if (address != 0 && address < __heap_base) return copyStatic(address, bytes);
  // Unlike C's, a resize to nothing leaves a block.
  const mem = <usize>realloc(<word>address, <word>(bytes == 0 ? 1 : bytes));
  if (mem == 0) noMemory(bytes);
  return mem;
}

function copyStatic(address: usize, bytes: usize): usize {
  const mem = allocateBlock(bytes);
  memory.copy(mem, address, min(bytes, staticSize(address)));
  return mem;
}

/** Gives a block back. */
export function freeBlock(address: usize): void {
  if (address >= __heap_base) free(<word>address);
}

// The compiler takes every custom runtime for an incremental one, whose objects are zero when they are made and when they grow. The minimal
// collector leaves that to its allocator.

/** `allocateBlock`, zeroed to the last byte that it has. */
export function allocateZeroed(bytes: usize): usize {
  const mem = allocateBlock(bytes);
  memory.fill(mem, 0, sizeOf(mem));
  return mem;
}

/** `resizeBlock`; what the block has gained is zero. */
export function resizeZeroed(address: usize, bytes: usize): usize {
  const had =
    address == 0 ? 0 : address < __heap_base ? min(bytes, staticSize(address)) : sizeOf(address);
  const mem = resizeBlock(address, bytes);
  const has = sizeOf(mem);
  if (has > had) memory.fill(mem + had, 0, has - had);
  return mem;
}

/** The bytes that a block of the heap's has. */
function sizeOf(mem: usize): usize {
  return <usize>usableSize(Chunk.ofMem(mem));
}

if (SIZE_SZ != sizeof<usize>()) ERROR("the collectors read sizes of 4 bytes: ilp32 only");

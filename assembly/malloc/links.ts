// Damage that glibc has no check for: a link that leads nowhere, or in a circle, and an address
// that the program gave and where nothing is mapped. Natively the process dies of SIGSEGV, or never
// returns. Here the call ends with a code of its own, which says in which function and in which
// list. Only the long ways come here: the short ways of malloc and free pay nothing.

import { Failure, corrupted } from "../base/failure";
import { Chunk, addressOf } from "./chunk";
import { isOutside, isReadable } from "./system";

/** The most chunks that a list can have: as many as the memory has room for. */
export function mostChunks(): u32 {
  return (<u32>memory.size()) << 12;
}

/**
 * Looks at the link from `from` to `to` before it is followed: `to` lies in memory, and this is not
 * the way round a circle. `left`: how many steps there may be yet. How many there may be after this
 * one.
 */
export function follow(from: Chunk, to: Chunk, left: u32, code: Failure): u32 {
  if (left == 0 || isOutside(addressOf(to))) corrupted(code, addressOf(from));
  return left - 1;
}

/** The same by a call: for walks off the beaten track. @noinline */
export function followAside(from: Chunk, to: Chunk, left: u32, code: Failure): u32 {
  return follow(from, to, left, code);
}

/**
 * Ends the call with `code`, for a check that has read what is at `address`. Where nothing is
 * mapped natively that read is the end: WebAssembly cannot unmap, and what is read is what once was
 * there.
 */
export function refuse(code: Failure, address: usize): void {
  refuseAside(code, address);
  unreachable();
}

/** @noinline */
function refuseAside(code: Failure, address: usize): void {
  corrupted(isReadable(address) ? code : Failure.SEGV_POINTER, address);
}

/**
 * Ends the call where nothing is mapped at the header of a chunk that the program named.
 * @noinline
 */
export function mustBeMapped(p: Chunk): void {
  if (!isReadable(addressOf(p))) corrupted(Failure.SEGV_POINTER, addressOf(p));
}

// What pages held when they were last the same as their file: the XXH64 of each. WebAssembly tells
// nobody what is stored, so a page of a shared mapping, or of a heap image, has changed when its
// digest has; a heap image keeps them as its pages' checksums. Digests lie in pages of the kernel's
// own: a directory (one entry for 16 MiB) leads to a node of 8 links, each to a page of 512
// digests. In the full build; the image build has `pageDigest` alone.

import { PAGE_SIZE } from "../../base/align";
import { CHUNK_BITS, DIGESTS_AT, mm } from "../mm";
import { takeVma } from "../nodes";
import { reserveVmas, takeMarkPage } from "../slab";

const TABLE_BITS: usize = 21;
const LINK_MASK: usize = (1 << (CHUNK_BITS - TABLE_BITS)) - 1;

// XXH64 (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md) with the seed 0.
const PRIME_1: u64 = 0x9e3779b185ebca87;
const PRIME_2: u64 = 0xc2b2ae3d27d4eb4f;
const PRIME_3: u64 = 0x165667b19e3779f9;
const PRIME_4: u64 = 0x85ebca77c2b2ae63;

function round(lane: u64, input: u64): u64 {
  return rotl<u64>(lane + input * PRIME_2, 31) * PRIME_1;
}

function merge(digest: u64, lane: u64): u64 {
  return (digest ^ round(0, lane)) * PRIME_1 + PRIME_4;
}

/** The XXH64 of the page's 4096 bytes. Two different pages share one by a chance of 2^-64. */
export function pageDigest(page: usize): u64 {
  let a = PRIME_1 + PRIME_2;
  let b = PRIME_2;
  let c: u64 = 0;
  let d: u64 = 0 - PRIME_1;
  for (let at = page; at < page + PAGE_SIZE; at += 32) {
    a = round(a, load<u64>(at));
    b = round(b, load<u64>(at, 8));
    c = round(c, load<u64>(at, 16));
    d = round(d, load<u64>(at, 24));
  }
  let digest = rotl<u64>(a, 1) + rotl<u64>(b, 7) + rotl<u64>(c, 12) + rotl<u64>(d, 18);
  digest = merge(merge(merge(merge(digest, a), b), c), d) + <u64>PAGE_SIZE;
  digest = (digest ^ (digest >> 33)) * PRIME_2;
  digest = (digest ^ (digest >> 29)) * PRIME_3;
  return digest ^ (digest >> 32);
}

function chunkEntry(page: usize): usize {
  return changetype<usize>(mm) + DIGESTS_AT + (page >> CHUNK_BITS) * sizeof<u32>();
}

function tableLink(node: usize, page: usize): usize {
  return node + ((page >> TABLE_BITS) & LINK_MASK) * sizeof<u32>();
}

/** Where the digest of a page is, for which `reserveDigests` was called. */
function digestAddress(page: usize): usize {
  const node = <usize>load<u32>(chunkEntry(page));
  const table = <usize>load<u32>(tableLink(node, page));
  return table + ((page & ((1 << TABLE_BITS) - 1)) / PAGE_SIZE) * sizeof<u64>();
}

/** Makes room for the digests of all pages in [start, end). False when there is no memory. */
export function reserveDigests(start: usize, end: usize): bool {
  const step: usize = 1 << TABLE_BITS;
  for (let at = start & ~(step - 1); at < end; at += step) {
    const entry = chunkEntry(at);
    if (load<u32>(entry) == 0) {
      if (!reserveVmas(1)) return false;
      store<u32>(entry, <u32>changetype<usize>(takeVma(0, 0)));
    }
    const link = tableLink(<usize>load<u32>(entry), at);
    if (load<u32>(link) == 0) {
      const table = takeMarkPage();
      if (table == 0) return false;
      store<u32>(link, <u32>table);
    }
    if (at + step < at) break;
  }
  return true;
}

/** Notes that the pages in [start, end) are as in the file. */
export function noteDigests(start: usize, end: usize): void {
  for (let page = start; page < end; page += PAGE_SIZE)
    store<u64>(digestAddress(page), pageDigest(page));
}

/** Whether a page is no longer what it was when its digest was noted. */
export function hasChanged(page: usize): bool {
  return load<u64>(digestAddress(page)) != pageDigest(page);
}

/** Takes the digests of `bytes` bytes at `from` along to `to`, for which room was made. */
export function moveDigests(from: usize, to: usize, bytes: usize): void {
  for (let offset: usize = 0; offset < bytes; offset += PAGE_SIZE)
    store<u64>(digestAddress(to + offset), load<u64>(digestAddress(from + offset)));
}

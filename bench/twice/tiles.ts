// Tiles of a large image: made when they are looked at, kept while there is room.

import { randomIntegers } from "../lab/random.js";
import type { Twice, Words } from "./words.js";

const SIDE = 64;
const TILE_BYTES = 4 * SIDE * SIDE;
const TILES = 400;
const KEPT = 150;
const LOOKS = 1500;
const SEED = 19;

/** The pixels of a tile, and what the eye makes of them. */
function paint(pixels: Uint8Array, tile: number): void {
  for (let i = 0; i < pixels.length; i += 4) {
    pixels[i] = tile + i;
    pixels[i + 3] = 255;
  }
}

function look(pixels: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < pixels.length; i += 64) sum += pixels[i]! + pixels[i + 3]!;
  return sum;
}

function onObjects(): number {
  const random = randomIntegers(SEED);
  const tiles = new Map<number, Uint8Array>();
  let sum = 0;
  for (let i = 0; i < LOOKS; i++) {
    const number = random(TILES);
    let tile = tiles.get(number);
    if (tile === undefined) {
      tile = new Uint8Array(TILE_BYTES);
      paint(tile, number);
      if (tiles.size === KEPT) for (const oldest of tiles.keys()) if (tiles.delete(oldest)) break;
      tiles.set(number, tile);
    }
    sum += look(tile);
  }
  return sum;
}

function onHeap(words: Words): number {
  const random = randomIntegers(SEED);
  // Only the pixels are the heap's: which tile is where is JavaScript's matter either way.
  const tiles = new Map<number, number>();
  const pixelsAt = (block: number): Uint8Array => words.u8.subarray(block, block + TILE_BYTES);
  let sum = 0;
  for (let i = 0; i < LOOKS; i++) {
    const number = random(TILES);
    let tile = tiles.get(number);
    if (tile === undefined) {
      if (tiles.size === KEPT)
        for (const [oldest, block] of tiles) {
          words.free(block);
          if (tiles.delete(oldest)) break;
        }
      tile = words.malloc(TILE_BYTES);
      paint(pixelsAt(tile), number);
      tiles.set(number, tile);
    }
    sum += look(pixelsAt(tile));
  }
  for (const block of tiles.values()) words.free(block);
  return sum;
}

/** Large blocks of bytes. */
export const tiles: Twice = {
  name: "image tiles",
  rationale:
    "Blocks of 16 KiB of pixels: the engine clears each of them and tells its collector of bytes " +
    "that it cannot see; painting takes most of the time either way.",
  operations: LOOKS,
  onObjects,
  onHeap,
};

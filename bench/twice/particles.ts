// Particles that fly for a while.

import { randomIntegers } from "../lab/random.js";
import type { Twice, Words } from "./words.js";

const FRAMES = 60;
const BORN = 400;
const MOST_AGE = 40;
const GRAVITY = 0.125;
const SEED = 11;

interface Particle {
  x: number;
  y: number;
  dx: number;
  dy: number;
  age: number;
}

function onObjects(): number {
  const random = randomIntegers(SEED);
  const live: Particle[] = [];
  let sum = 0;
  for (let frame = 0; frame < FRAMES; frame++) {
    for (let i = 0; i < BORN; i++)
      live.push({ x: 0, y: 0, dx: random(64), dy: random(64), age: random(MOST_AGE) });
    for (let i = 0; i < live.length; i++) {
      const one = live[i]!;
      one.x += one.dx;
      one.y += one.dy;
      one.dy -= GRAVITY;
      if (--one.age > 0) continue;
      sum += one.x + one.y;
      const last = live.pop()!;
      if (i < live.length) live[i--] = last;
    }
  }
  return sum;
}

// A particle in the heap, numbers of 8 bytes: x, y, dx, dy, age.
const X = 0;
const Y = 1;
const DX = 2;
const DY = 3;
const AGE = 4;
const PARTICLE_BYTES = 40;

function bear(words: Words, random: (limit: number) => number): number {
  const block = words.malloc(PARTICLE_BYTES);
  const at = block >> 3;
  const { f64 } = words;
  f64[at + X] = 0;
  f64[at + Y] = 0;
  f64[at + DX] = random(64);
  f64[at + DY] = random(64);
  f64[at + AGE] = random(MOST_AGE);
  return block;
}

function onHeap(words: Words): number {
  const random = randomIntegers(SEED);
  // The list is the heap's, too, and grows by realloc.
  let room = 1024;
  let list = words.malloc(4 * room);
  let count = 0;
  let sum = 0;
  for (let frame = 0; frame < FRAMES; frame++) {
    for (let i = 0; i < BORN; i++) {
      if (count === room) list = words.realloc(list, 4 * (room *= 2));
      const block = bear(words, random);
      words.u32[(list >> 2) + count++] = block;
    }
    const { f64, u32 } = words;
    for (let i = 0; i < count; i++) {
      const block = u32[(list >> 2) + i]!;
      const at = block >> 3;
      const x = (f64[at + X]! += f64[at + DX]!);
      const y = (f64[at + Y]! += f64[at + DY]!);
      f64[at + DY]! -= GRAVITY;
      if ((f64[at + AGE]! -= 1) > 0) continue;
      sum += x + y;
      words.free(block);
      u32[(list >> 2) + i--] = u32[(list >> 2) + --count]!;
    }
  }
  for (let i = 0; i < count; i++) words.free(words.u32[(list >> 2) + i]!);
  words.free(list);
  return sum;
}

/** A particle system. */
export const particles: Twice = {
  name: "particles",
  rationale:
    "Small records of numbers that live for some frames: what a generational collector is made " +
    "for, against a size class.",
  operations: FRAMES * BORN,
  onObjects,
  onHeap,
};

// Bodies on a grid of cells: they move, change cells, and look who is near.

import { randomIntegers } from "../lab/random.js";
import type { Twice, Words } from "./words.js";

const SIDE = 32;
const CELLS = SIDE * SIDE;
const BODIES = 2000;
const STEPS = 12;
/** Positions and speeds are whole numbers; a cell is so many wide. */
const CELL = 64;
const WIDTH = SIDE * CELL;
const SEED = 23;

interface Body {
  x: number;
  y: number;
  readonly dx: number;
  readonly dy: number;
}

function cellOf(x: number, y: number): number {
  return Math.floor(y / CELL) * SIDE + Math.floor(x / CELL);
}

function onObjects(): number {
  const random = randomIntegers(SEED);
  const bodies: Body[] = [];
  const cells: Body[][] = Array.from({ length: CELLS }, () => []);
  for (let i = 0; i < BODIES; i++) {
    const x = random(WIDTH);
    const body = { x, y: random(WIDTH), dx: random(90), dy: random(90) };
    bodies.push(body);
    cells[cellOf(body.x, body.y)]!.push(body);
  }
  let near = 0;
  for (let step = 0; step < STEPS; step++) {
    for (const body of bodies) {
      const from = cells[cellOf(body.x, body.y)]!;
      body.x = (body.x + body.dx) % WIDTH;
      body.y = (body.y + body.dy) % WIDTH;
      const to = cells[cellOf(body.x, body.y)]!;
      if (from !== to) {
        const last = from.pop()!;
        if (last !== body) from[from.indexOf(body)] = last;
        to.push(body);
      }
      for (const other of to) near += Math.abs(other.x - body.x) + Math.abs(other.y - body.y);
    }
  }
  return near;
}

// A body in the heap, words of 4 bytes: x, y, dx, dy. A cell: count, room, address of its list.
const X = 0;
const Y = 1;
const SPEED_X = 2;
const SPEED_Y = 3;
const BODY_BYTES = 16;
const MEMBERS = 0;
const ROOM = 1;
const BODIES_AT = 2;
const CELL_WORDS = 3;

/** @returns the index of a cell's first word */
function cellAt(cells: number, u32: Uint32Array, at: number): number {
  return (cells >> 2) + CELL_WORDS * cellOf(u32[at + X]!, u32[at + Y]!);
}

function push(words: Words, cell: number, body: number): void {
  const count = words.u32[cell + MEMBERS]!;
  if (count === words.u32[cell + ROOM]) {
    const room = Math.max(4, 2 * count);
    const list = words.realloc(words.u32[cell + BODIES_AT]!, 4 * room);
    words.u32[cell + BODIES_AT] = list;
    words.u32[cell + ROOM] = room;
  }
  words.u32[(words.u32[cell + BODIES_AT]! >> 2) + count] = body;
  words.u32[cell + MEMBERS] = count + 1;
}

function take({ u32 }: Words, cell: number, body: number): void {
  const list = u32[cell + BODIES_AT]! >> 2;
  const last = u32[list + --u32[cell + MEMBERS]!]!;
  if (last === body) return;
  let at = list;
  while (u32[at] !== body) at++;
  u32[at] = last;
}

function onHeap(words: Words): number {
  const random = randomIntegers(SEED);
  const cells = words.malloc(4 * CELL_WORDS * CELLS);
  words.u32.fill(0, cells >> 2, (cells >> 2) + CELL_WORDS * CELLS);
  const bodies = words.malloc(4 * BODIES);
  for (let i = 0; i < BODIES; i++) {
    const body = words.malloc(BODY_BYTES);
    const at = body >> 2;
    words.u32[at + X] = random(WIDTH);
    words.u32[at + Y] = random(WIDTH);
    words.u32[at + SPEED_X] = random(90);
    words.u32[at + SPEED_Y] = random(90);
    words.u32[(bodies >> 2) + i] = body;
    push(words, cellAt(cells, words.u32, at), body);
  }
  let near = 0;
  for (let step = 0; step < STEPS; step++)
    for (let i = 0; i < BODIES; i++) {
      const body = words.u32[(bodies >> 2) + i]!;
      near += move(words, cells, body);
    }
  for (let i = 0; i < BODIES; i++) words.free(words.u32[(bodies >> 2) + i]!);
  for (let i = 0; i < CELLS; i++) words.free(words.u32[(cells >> 2) + CELL_WORDS * i + BODIES_AT]!);
  words.free(bodies);
  words.free(cells);
  return near;
}

/** @returns how far a body is from all in its cell, after its step */
function move(words: Words, cells: number, body: number): number {
  const at = body >> 2;
  const from = cellAt(cells, words.u32, at);
  words.u32[at + X] = (words.u32[at + X]! + words.u32[at + SPEED_X]!) % WIDTH;
  words.u32[at + Y] = (words.u32[at + Y]! + words.u32[at + SPEED_Y]!) % WIDTH;
  const to = cellAt(cells, words.u32, at);
  if (from !== to) {
    take(words, from, body);
    push(words, to, body);
  }
  const { u32 } = words;
  const list = u32[to + BODIES_AT]! >> 2;
  const x = u32[at + X]!;
  const y = u32[at + Y]!;
  let near = 0;
  for (let i = 0; i < u32[to + MEMBERS]!; i++) {
    const other = u32[list + i]! >> 2;
    near += Math.abs(u32[other + X]! - x) + Math.abs(u32[other + Y]! - y);
  }
  return near;
}

/** A spatial grid. */
export const grid: Twice = {
  name: "spatial grid",
  rationale:
    "Lists that grow and shrink all the time over records that stay: arrays of objects, against " +
    "lists that realloc lets grow.",
  operations: BODIES * STEPS,
  onObjects,
  onHeap,
};

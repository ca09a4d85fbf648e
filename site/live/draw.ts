// Draws a scene of the live heap: the chunks in order of address, not to scale (a block of 24 bytes
// and one of 100,000 are both to be seen), the break at their end, and beyond it what is mapped.

import type { ChunkState, ChunkView } from "ptmalloc-wasm/inspect";
import type { Block, Scene } from "./heap.js";

/** A chunk on the canvas. */
export interface Cell {
  readonly chunk: ChunkView;
  readonly x: number;
  readonly width: number;
  readonly label: string;
}

/** What the colours are called in the style sheet, and the states in words. */
export const STATES: Readonly<Record<string, readonly [variable: string, words: string]>> = {
  used: ["--heap-used", "in use"],
  mmapped: ["--heap-used", "in use, a mapping of its own"],
  tcache: ["--heap-tcache", "free, in tcache"],
  fastbin: ["--heap-fastbin", "free, in a fast bin"],
  unsorted: ["--heap-unsorted", "free, in the unsorted bin"],
  smallbin: ["--heap-bin", "free, in a small bin"],
  largebin: ["--heap-bin", "free, in a large bin"],
  top: ["--heap-top", "top"],
  "tcache-struct": ["--heap-own", "glibc's own: tcache's lists"],
};
const OTHER = ["--heap-own", "glibc's own"] as const;

export const stateOf = (state: ChunkState): readonly [string, string] => STATES[state] ?? OTHER;

const BRK_ROOM = 8;
/** How wide a mapped chunk is, with the gap before it, and how many are drawn at most. */
const MAPPED = 56;
const GAP = 10;
const MOST_MAPPED = 3;

/** How wide a chunk wants to be; the sizes between 16 bytes and a megabyte fit in one row. */
const weightOf = ({ size }: ChunkView): number => Math.log2(size) ** 2;

/** The chunks of a scene, and where the break is drawn. */
export interface Layout {
  readonly cells: readonly Cell[];
  readonly brk: number;
}

/** @returns the chunks with their places */
export function layOut({ chunks, blocks }: Scene, width: number): Layout {
  const inHeap = chunks.filter(({ state }) => state !== "mmapped");
  const mapped = chunks.filter(({ state }) => state === "mmapped").slice(-MOST_MAPPED);
  const brk = width - BRK_ROOM - mapped.length * (MAPPED + GAP);
  const all = inHeap.reduce((sum, chunk) => sum + weightOf(chunk), 0);
  const names = new Map(blocks.map(({ address, name }): [number, string] => [address, name]));
  let x = 0;
  const cells = inHeap.map((chunk) => {
    const share = (brk * weightOf(chunk)) / all;
    const cell = { chunk, x, width: share, label: labelOf(chunk, names) };
    x += share;
    return cell;
  });
  const beyond = mapped.map((chunk, i): Cell => {
    const at = brk + BRK_ROOM + GAP + i * (MAPPED + GAP);
    return { chunk, x: at, width: MAPPED, label: labelOf(chunk, names) };
  });
  return { cells: [...cells, ...beyond], brk };
}

function labelOf({ state, mem }: ChunkView, names: ReadonlyMap<number, string>): string {
  if (state === "top") return "top";
  if (state === "tcache-struct") return "tcache";
  return names.get(mem) ?? "";
}

/** @returns what a chunk is, for people */
export function textOf({ chunk, size, state }: ChunkView, block: Block | undefined): string {
  const name = block === undefined ? "" : `${block.name}: `;
  return `${name}0x${chunk.toString(16)}, ${size.toLocaleString("en")} bytes, ${stateOf(state)[1]}`;
}

/** Draws the cells, and the break. */
export function draw(
  canvas: HTMLCanvasElement,
  { cells, brk }: Layout,
  selected: number | undefined,
): void {
  const context = canvas.getContext("2d");
  if (context === null) return;
  const style = getComputedStyle(canvas);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  const { clientWidth: width, clientHeight: height } = canvas;
  canvas.width = width * devicePixelRatio;
  canvas.height = height * devicePixelRatio;
  context.scale(devicePixelRatio, devicePixelRatio);
  context.font = `13px ${style.getPropertyValue("--vp-font-family-mono")}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const { chunk, x, width: wide, label } of cells) {
    context.fillStyle = color(stateOf(chunk.state)[0]);
    context.fillRect(x + 0.5, 0, Math.max(1, wide - 1), height);
    if (chunk.mem === selected) {
      context.strokeStyle = color("--vp-c-text-1");
      context.lineWidth = 3;
      context.strokeRect(x + 2, 1.5, Math.max(1, wide - 4), height - 3);
    }
    context.fillStyle = color("--heap-label");
    if (context.measureText(label).width < wide - 4)
      context.fillText(label, x + wide / 2, height / 2);
  }
  context.fillStyle = color("--heap-brk");
  context.fillRect(brk + 2, 0, 4, height);
}

// The address space: regions, gaps, the break and the base of mappings.

import { formatBytes, hex } from "../model/format.js";
import type { Moment } from "../model/types.js";
import { Address } from "../parts/address.js";
import { Canvas, type Draw } from "../parts/canvas.js";
import { Term } from "../parts/term.js";
import { moment } from "../state/store.js";

const HEIGHT = 110;

/** A region, or a gap between two. */
interface Piece {
  readonly start: number;
  readonly end: number;
  readonly name: string;
  readonly access: string;
  readonly isGap: boolean;
}

/** @returns the whole space, lowest first */
export function piecesOf({ regions, taskSize }: Moment): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const { start, end, name, access } of [...regions].sort((a, b) => a.start - b.start)) {
    if (start > at) pieces.push({ start: at, end: start, name: "gap", access: "", isGap: true });
    pieces.push({ start, end, name, access, isGap: false });
    at = end;
  }
  if (at < taskSize)
    pieces.push({ start: at, end: taskSize, name: "gap", access: "", isGap: true });
  return pieces;
}

/** How wide each piece is drawn: large ones wider, but none so that others cannot be seen. */
function widthsOf(pieces: readonly Piece[], width: number): number[] {
  const weights = pieces.map(({ start, end }) => Math.log2(1 + (end - start) / 4096) + 1);
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => (weight / sum) * width);
}

function colorOf({ name, access }: Piece, states: readonly { css: string }[]): string {
  if (name === "[heap]") return states[0]!.css;
  if (name === "mapping") return states[access.startsWith("---") ? 9 : 10]!.css;
  return states[1]!.css;
}

const draw: Draw = (pen, { states, edge, text, dim, mark }) => {
  const now = moment.value;
  if (now === undefined) return;
  const pieces = piecesOf(now);
  const widths = widthsOf(pieces, pen.width);
  let x = 0;
  const places = new Map<number, number>();
  pieces.forEach((piece, i) => {
    const wide = widths[i]!;
    if (piece.isGap) pen.frame(x + 0.5, 34, wide - 1, 40, edge.css, 1);
    else pen.rect(x, 34, wide - 1, 40, colorOf(piece, states));
    places.set(piece.start, x);
    places.set(piece.end, x + wide);
    const size = formatBytes(piece.end - piece.start);
    if (pen.measure(size) < wide - 4) pen.text(size, x + 3, 84, dim.css);
    if (pen.measure(piece.name) < wide - 4) pen.text(piece.name, x + 3, 98, dim.css);
    x += wide;
  });
  const within = (address: number): number => {
    const i = pieces.findIndex(({ start, end }) => start <= address && address <= end);
    const piece = pieces[i];
    if (piece === undefined) return pen.width;
    const share = (address - piece.start) / Math.max(1, piece.end - piece.start);
    return places.get(piece.start)! + share * widths[i]!;
  };
  const flags = [
    ["start_brk", now.startBrk],
    ["brk", now.brk],
    ["mmap_base", now.mmapBase],
  ] as const;
  flags.forEach(([name, address], i) => {
    const place = Math.min(within(address), pen.width - 1);
    pen.line(
      [
        [place, 12],
        [place, 76],
      ],
      mark.css,
      2,
    );
    const isLeft = place > pen.width - 120 || (i === 0 && place > 80);
    pen.text(
      name,
      place + (isLeft ? -4 : 4),
      i === 1 ? 24 : 12,
      text.css,
      isLeft ? "right" : "left",
    );
  });
};

/** The view. */
export function SpaceView() {
  const now = moment.value;
  if (now === undefined) return null;
  const pieces = piecesOf(now);
  const gaps = pieces.filter(({ isGap }) => isGap);
  const largest = gaps.reduce((a, b) => (b.end - b.start > a.end - a.start ? b : a), gaps[0]!);
  const mapped = pieces
    .filter(({ isGap }) => !isGap)
    .reduce((sum, { start, end }) => sum + end - start, 0);
  return (
    <div>
      <p>
        <Term name="break">start_brk</Term> <Address value={now.startBrk} />,{" "}
        <Term name="break">brk</Term> <Address value={now.brk} /> (
        {formatBytes(now.brk - now.startBrk)} of [heap]); mapped {formatBytes(mapped)}; the largest
        free gap is {formatBytes(largest.end - largest.start)} at <code>{hex(largest.start)}</code>.
      </p>
      <Canvas
        label="The address space, from 0 on the left; widths grow with the logarithm of sizes. The table below has the same."
        height={HEIGHT}
        draw={draw}
      />
      <p class="note">
        Widths grow with the logarithm of sizes. Frames are gaps; what is grey a program may not
        read.
      </p>
      <div class="scroll" tabIndex={0} role="region" aria-label="Regions and gaps">
        <table class="regions">
          <thead>
            <tr>
              <th scope="col">start</th>
              <th scope="col">end</th>
              <th scope="col">access</th>
              <th scope="col">size</th>
              <th scope="col">what</th>
            </tr>
          </thead>
          <tbody>
            {pieces.map(({ start, end, name, access, isGap }) => (
              <tr
                key={start}
                class={isGap ? (start === largest.start ? "gap largest" : "gap") : ""}
              >
                <td>
                  <Address value={start} />
                </td>
                <td>
                  <code>{hex(end)}</code>
                </td>
                <td>
                  <code>{access}</code>
                </td>
                <td class="whole">{formatBytes(end - start)}</td>
                <td>
                  {isGap ? (
                    "gap"
                  ) : (
                    <Term name={name === "mapping" ? "mapping" : "region"}>{name}</Term>
                  )}
                  {isGap && start === largest.start ? ", the largest" : ""}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

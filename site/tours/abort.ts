// The pictures of an abort: where in the heap the words are that a failed check looked at, and what
// stands in them.

import { chunksPicture, placeIn, type Row } from "./chunks.js";
import type { Scene } from "./scene.js";
import { box, element, picture, text } from "./svg.js";

const WIDTH = 760;
const LINE = 16;
const ROW = 34;
const hex = (value: number): string => `0x${value.toString(16)}`;

type Values = NonNullable<NonNullable<Scene["verdict"]>["failure"]>["values"];

/** Pointers from below at the words, each with its name. */
function pointers(values: Values, row: Row, y: number): readonly [string[], number] {
  const shown = values.flatMap(({ name, at }) => {
    const x = at === undefined ? undefined : placeIn(row, at);
    return x === undefined ? [] : [{ name, x: Math.round(x) }];
  });
  const parts = shown.flatMap(({ name, x }, i) => {
    const down = y + 12 + i * LINE;
    const anchor = x > WIDTH / 2 ? "end" : "start";
    return [
      element("path", { class: "p-pointer", d: `M${x} ${down}V84` }),
      text("bad", anchor === "end" ? x - 6 : x + 6, down, name, anchor),
    ];
  });
  return [parts, shown.length === 0 ? 0 : 10 + shown.length * LINE];
}

/** The words, and where they are. */
function wordsPicture(message: string, values: Values, title: string): string {
  const rows = values.flatMap(({ name, value, at }, i) => {
    const y = ROW * (i + 1);
    return [
      box("bad", 0, y, 200, 30),
      text("label", 12, y + 20, name),
      box("own", 204, y, 170, 30),
      text("label", 216, y + 20, value),
      text("small", 390, y + 20, at === undefined ? "the address itself" : `at ${hex(at)}`),
    ];
  });
  const head = text("bad", 0, 18, message);
  return picture(title, WIDTH, 40 + values.length * ROW, [head, ...rows]);
}

/** @returns the heap with pointers into it, and the words one by one */
export function abortPictures(scene: Scene, title: string): string[] {
  const failure = scene.verdict?.failure;
  if (failure === undefined) throw new Error(`${title}: its last line ends in no abort`);
  const { values, message } = failure;
  return [
    chunksPicture(scene, `${title}: the heap, and where the check looked`, (row, y) =>
      pointers(values, row, y),
    ),
    wordsPicture(message, values, `${title}: what the check looked at`),
  ];
}

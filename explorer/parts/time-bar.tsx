// The time cursor: a slider over the whole trace, with the footprint drawn behind it.

import { formatBytes, formatCount } from "../model/format.js";
import { goTo, setMark } from "../state/actions.js";
import { at, mark, opened } from "../state/store.js";
import { Canvas, type Draw } from "./canvas.js";

const HEIGHT = 44;

/** Highest values of equal pieces of a series. */
export function highest(series: ArrayLike<number>, count: number, pieces: number): Float64Array {
  const found = new Float64Array(pieces);
  for (let piece = 0; piece < pieces; piece++) {
    const from = Math.floor((piece * count) / pieces);
    const to = Math.max(from + 1, Math.floor(((piece + 1) * count) / pieces));
    let most = 0;
    for (let i = from; i < to && i < count; i++) most = Math.max(most, series[i]!);
    found[piece] = most;
  }
  return found;
}

let known: { survey: object; width: number; held: Float64Array; live: Float64Array } | undefined;

/** Held and live bytes, a value a pixel; kept, as the cursor moves more often than they do. */
function outline(width: number) {
  const { survey } = opened.value!;
  if (known?.survey === survey && known.width === width) return known;
  const { heap, mapped, count } = survey;
  const sum = new Float64Array(count);
  for (let i = 0; i < count; i++) sum[i] = heap[i]! + mapped[i]!;
  known = {
    survey,
    width,
    held: highest(sum, count, width),
    live: highest(survey.live, count, width),
  };
  return known;
}

const draw: Draw = (pen, { edge, states, mark: accent, dim }) => {
  const what = opened.value;
  if (what === undefined || what.count === 0 || what.survey.count === 0) return;
  const width = Math.floor(pen.width);
  const { held, live } = outline(width);
  const most = held.reduce((a, b) => Math.max(a, b), 1);
  const scale = (HEIGHT - 4) / most;
  const area = (values: Float64Array): [number, number][] => [
    [0, HEIGHT],
    ...Array.from(values, (value, x): [number, number] => [x, HEIGHT - value * scale]),
    [width, HEIGHT],
  ];
  pen.area(area(held), edge.css);
  pen.area(area(live), states[0]!.css);
  const place = (moment: number): number => (moment / what.count) * pen.width;
  if (mark.value !== undefined) pen.rect(place(mark.value) - 1, 0, 2, HEIGHT, dim.css);
  pen.rect(place(at.value) - 1, 0, 2, HEIGHT, accent.css);
};

/** The bar. */
export function TimeBar() {
  const what = opened.value;
  if (what === undefined) return null;
  const { count, survey } = what;
  const now = at.value;
  const last = Math.max(0, now - 1);
  const known = now > 0 && survey.count > last;
  const held = known ? survey.heap[last]! + survey.mapped[last]! : 0;
  const live = known ? survey.live[last]! : 0;
  const text = `after ${now} of ${count} operations`;
  return (
    <section class="time-bar" aria-label="Time">
      <div class="time-tools tools">
        <button type="button" onClick={() => goTo(0)} aria-label="to the beginning">
          |◀
        </button>
        <button type="button" onClick={() => goTo(now - 1)} aria-label="one operation back">
          ◀
        </button>
        <button type="button" onClick={() => goTo(now + 1)} aria-label="one operation on">
          ▶
        </button>
        <button type="button" onClick={() => goTo(count)} aria-label="to the end">
          ▶|
        </button>
        <label>
          <span class="wordy">after </span>
          <input
            type="number"
            class="moment"
            min={0}
            max={count}
            value={now}
            onChange={(event) => goTo(Number(event.currentTarget.value))}
          />{" "}
          of {formatCount(count)}
          <span class="wordy"> operations</span>
        </label>
        <button type="button" onClick={() => setMark(mark.value === undefined ? now : undefined)}>
          {mark.value === undefined ? "mark for diff" : `unmark ${mark.value}`}
        </button>
        {known && (
          <span class="note">
            {formatBytes(live)} in use of {formatBytes(held)} held
          </span>
        )}
      </div>
      <div class="time-slider">
        <div aria-hidden="true">
          <Canvas label="" height={HEIGHT} draw={draw} events={{ tabIndex: -1 }} />
        </div>
        <input
          type="range"
          min={0}
          max={count}
          value={now}
          aria-label="time cursor"
          aria-valuetext={text}
          onInput={(event) => goTo(Number(event.currentTarget.value))}
        />
      </div>
    </section>
  );
}

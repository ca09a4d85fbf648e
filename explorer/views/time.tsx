// Over time: footprint, live bytes and fragmentation, and every block as address x time.

import { useComputed, useSignal, useSignalEffect, type Signal } from "@preact/signals";
import { formatCount, hex } from "../model/format.js";
import type { BlockColour, Raster, Survey } from "../model/types.js";
import { Canvas, type Draw } from "../parts/canvas.js";
import { Chart } from "../parts/chart.js";
import { batchGo } from "../parts/block-at.js";
import { engine } from "../state/client.js";
import { at, mark, opened } from "../state/store.js";

const HEIGHT = 320;

/** What each colour is called, for who cannot tell from the number: 16 bytes, times 4 each. */
const NAMES: Readonly<Record<Exclude<BlockColour, "thread">, readonly string[]>> = {
  size: ["16 B or less", "64 B", "256 B", "1 KiB", "4 KiB", "16 KiB", "64 KiB", "more"],
  lifetime: ["1", "4", "16", "64", "256", "1,024", "more operations", "never freed"],
};

/** The colours that a picture has, with what they mean. */
function Colours({ by }: { readonly by: BlockColour }) {
  const threads = opened.value!.survey.thread.reduce((a, b) => Math.max(a, b), 0) + 1;
  const names =
    by === "thread"
      ? Array.from({ length: Math.min(8, threads) }, (_, i) => `thread ${i}`)
      : NAMES[by];
  return (
    <ul class="legend" aria-label={`Colours: ${by}`}>
      {names.map((name, i) => (
        <li key={name}>
          <span
            class="swatch small"
            style={{ background: `var(--${by === "thread" ? "thread" : "rank"}-${i})` }}
          />
          {name}
        </li>
      ))}
    </ul>
  );
}

/** Held bytes, and which part of them is not asked for. */
function seriesOf({ heap, mapped, live, count }: Survey) {
  const held = new Float64Array(count);
  const lost = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    held[i] = heap[i]! + mapped[i]!;
    lost[i] = held[i] === 0 ? 0 : Math.max(0, 1 - live[i]! / held[i]!);
  }
  return { held, lost };
}

function paintRaster(
  context: CanvasRenderingContext2D,
  { width, height, pixels }: Raster,
  colors: readonly number[],
  back: number,
): HTMLCanvasElement {
  const picture = document.createElement("canvas");
  picture.width = width;
  picture.height = height;
  const inside = picture.getContext("2d")!;
  const image = inside.createImageData(width, height);
  const words = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i++)
    words[i] = pixels[i] === 0 ? back : colors[(pixels[i]! - 1) % colors.length]!;
  inside.putImageData(image, 0, 0);
  void context;
  return picture;
}

/** What can be chosen for the picture. */
function RasterTools(props: {
  readonly zoom: Signal<number>;
  readonly by: Signal<BlockColour>;
  readonly span: readonly [number, number];
}) {
  const { zoom, by, span } = props;
  return (
    <p class="tools">
      <button type="button" onClick={() => (zoom.value = Math.min(4096, zoom.value * 4))}>
        closer
      </button>
      <button type="button" onClick={() => (zoom.value = Math.max(1, zoom.value / 4))}>
        farther
      </button>
      <label>
        colours{" "}
        <select
          value={by.value}
          onChange={(event) => (by.value = event.currentTarget.value as BlockColour)}
        >
          <option value="size">by size</option>
          <option value="lifetime">by lifetime</option>
          <option value="thread">by thread</option>
        </select>
      </label>
      <span class="note">
        operations {formatCount(span[0])} to {formatCount(span[1])}; a click goes to that moment and
        selects the block
      </span>
    </p>
  );
}

function AddressTime({ isMapped }: { readonly isMapped: boolean }) {
  const raster = useSignal<Raster | undefined>(undefined);
  const zoom = useSignal(1);
  const hasThreads = opened.value?.survey.thread.some((thread) => thread > 0) === true;
  const by = useSignal<BlockColour>(hasThreads ? "thread" : "size");
  const count = opened.value?.count ?? 0;
  const span = useComputed(() => {
    const wide = Math.max(10, Math.ceil(count / zoom.value));
    const from = Math.max(0, Math.min(at.peek() - wide / 2, count - wide));
    return zoom.value === 1
      ? ([0, Math.max(1, count)] as const)
      : ([Math.floor(from), Math.ceil(from + wide)] as const);
  });
  useSignalEffect(() => {
    const [from, to] = span.value;
    if (opened.value === undefined) return;
    const width = Math.max(300, Math.min(1400, innerWidth));
    void engine()
      .raster({ width, height: HEIGHT, fromOp: from, toOp: to, by: by.value }, isMapped)
      .then((found) => (raster.value = found));
  });
  const draw: Draw = (pen, { threads, ranks, back, mark: accent, dim }, context) => {
    const picture = raster.value;
    if (picture === undefined) return;
    const colors = picture.by === "thread" ? threads : ranks;
    const pixels = colors.map(({ pixel }) => pixel);
    if (context !== undefined)
      context.drawImage(paintRaster(context, picture, pixels, back.pixel), 0, 0, pen.width, HEIGHT);
    else vector(pen, picture, colors);
    const place = (moment: number): number =>
      ((moment - picture.fromOp) / Math.max(1, picture.toOp - picture.fromOp)) * pen.width;
    if (mark.value !== undefined) pen.rect(place(mark.value) - 1, 0, 2, HEIGHT, dim.css);
    pen.rect(place(at.value) - 1, 0, 2, HEIGHT, accent.css);
    for (const [address, y] of [
      [picture.high, 8],
      [picture.low, HEIGHT - 8],
    ] as const) {
      pen.rect(2, y - 7, pen.measure(hex(address)) + 4, 14, back.css);
      pen.text(hex(address), 4, y, dim.css);
    }
  };
  const name = isMapped ? "mappings and other arenas" : "[heap]";
  const now = raster.value;
  if (isMapped && (now === undefined || now.high <= 1)) return null;
  return (
    <section>
      <h3>Every block of {name}: address (up) x time (right)</h3>
      <RasterTools zoom={zoom} by={by} span={span.value} />
      <Colours by={by.value} />
      <Canvas
        label={`Blocks of ${name} by address and time; the sizes and lifetimes of blocks are in the view Sizes, and each chunk in the table of the map`}
        height={HEIGHT}
        draw={draw}
        events={{ onClick: (event) => now !== undefined && batchGo(event, now) }}
      />
    </section>
  );
}

function vector(
  pen: Parameters<Draw>[0],
  { width, height, pixels }: Raster,
  colors: readonly { css: string }[],
): void {
  const [wide, tall] = [pen.width / width, HEIGHT / height];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width;) {
      const value = pixels[y * width + x]!;
      let end = x + 1;
      while (end < width && pixels[y * width + end] === value) end++;
      if (value !== 0)
        pen.rect(
          x * wide,
          y * tall,
          (end - x) * wide,
          tall,
          colors[(value - 1) % colors.length]!.css,
        );
      x = end;
    }
  }
}

/** The view. */
export function TimeView() {
  const series = useComputed(() =>
    opened.value === undefined ? undefined : seriesOf(opened.value.survey),
  );
  const what = opened.value;
  if (what === undefined || series.value === undefined) return null;
  if (what.survey.count === 0) return <p>There is one moment only: nothing changes over time.</p>;
  const { held, lost } = series.value;
  const { live, count, heap } = what.survey;
  return (
    <div>
      <Chart
        title="Footprint"
        unit="bytes"
        count={count}
        lines={[
          { name: "held", color: "--thread-0", values: held },
          { name: "[heap]", color: "--thread-2", values: heap },
          { name: "in use (asked for)", color: "--thread-1", values: live },
        ]}
      />
      <Chart
        title="Fragmentation: the part of what is held that nobody asked for"
        unit="share"
        count={count}
        lines={[{ name: "not in use", color: "--thread-3", values: lost }]}
      />
      <AddressTime isMapped={false} />
      <AddressTime isMapped />
    </div>
  );
}

// The chunk map: every chunk where it lies, in the colour of its state.

import { computed, signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { formatBytes, formatCount, hex } from "../model/format.js";
import { stateText } from "../model/states.js";
import type { Moment } from "../model/types.js";
import { Canvas, type Draw } from "../parts/canvas.js";
import { ChunkRows } from "../parts/chunk-rows.js";
import { Legend } from "../parts/legend.js";
import { select, show } from "../state/actions.js";
import { colouring, moment, passes, selected, selectedChunk } from "../state/store.js";
import { addressAt, chunkAt, fittingRow, layoutOf, placeOf, zoomed } from "./map-layout.js";
import { paintMap } from "./map-paint.js";

const HEIGHT = 520;
const ROW = 22;
/** Arrows that are drawn at most. */
const MOST_LINKS = 60;

/** The lists of a heap: chunks in the order of their links. */
function linksOf({ arenas, threads }: Moment, chosen: number): number[][] {
  const lists = [...arenas, ...threads].flatMap(({ lists: own }) =>
    own.map(({ chunks }) => [...chunks]),
  );
  const own = lists.filter((list) => list.includes(chosen));
  if (own.length > 0) return own;
  const count = lists.reduce((sum, { length }) => sum + length, 0);
  return count > MOST_LINKS ? [] : lists;
}

/** What the map is looked at with. */
class Lens {
  /** How far in: each step halves the bytes in a row. */
  readonly steps = signal(0);
  readonly scroll = signal(0);
  readonly hasLinks = signal(true);
  readonly hover = signal("");
  readonly layout = computed(() => {
    const stretches = moment.value?.stretches ?? [];
    const perRow = zoomed(fittingRow(stretches, ROW, HEIGHT), this.steps.value);
    return layoutOf(stretches, perRow, ROW);
  });
  /** How far it can be scrolled, pixels. */
  readonly most = computed(() => Math.max(0, this.layout.value.height - HEIGHT));

  move(to: number): void {
    this.scroll.value = Math.min(Math.max(0, to), this.most.value);
  }

  /** Zooms around a place of the picture. */
  zoom(by: number, middle = HEIGHT / 2, x = 0, width = 1): void {
    const before = addressAt(this.layout.value, x, middle + this.scroll.value, width);
    this.steps.value = Math.min(24, Math.max(0, this.steps.value + by));
    const after = before === undefined ? undefined : placeOf(this.layout.value, before, 1);
    this.move(after === undefined ? this.scroll.value * 2 ** by : after.y - middle);
  }

  all(): void {
    this.steps.value = 0;
    this.scroll.value = 0;
  }

  /** Scrolls so far that the selected chunk is in sight. */
  reveal(): void {
    const chosen = selectedChunk.value;
    if (chosen < 0) return;
    const place = placeOf(this.layout.value, moment.value!.chunks.address[chosen]!, 1);
    if (place === undefined) return;
    const { value } = this.scroll;
    if (place.y < value || place.y > value + HEIGHT - ROW) this.move(place.y - HEIGHT / 2);
  }

  closer(): void {
    this.steps.value = Math.min(24, this.steps.value + 1);
    this.reveal();
  }

  /** The address under a pointer. */
  addressOf(event: MouseEvent): number | undefined {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const y = event.clientY - box.top + this.scroll.value;
    return addressAt(this.layout.value, event.clientX - box.left, y, box.width);
  }

  readonly draw: Draw = (pen, palette, context) => {
    const now = moment.value;
    if (now === undefined) return;
    const chosen = selectedChunk.value;
    const address = chosen < 0 ? -1 : now.chunks.address[chosen]!;
    const options = {
      scroll: Math.min(this.scroll.value, this.most.value),
      colouring: colouring.value,
      passes: passes.value,
      selected: chosen,
      at: now.at,
      links: this.hasLinks.value ? linksOf(now, address) : [],
    };
    paintMap(pen, palette, now, this.layout.value, options, context);
  };

  readonly onWheel = (event: WheelEvent): void => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    if (event.ctrlKey || event.altKey) {
      event.preventDefault();
      const by = event.deltaY < 0 ? 1 : -1;
      this.zoom(by, event.clientY - box.top, event.clientX - box.left, box.width);
    } else if (this.most.value > 0) {
      const before = this.scroll.value;
      this.move(before + event.deltaY);
      if (this.scroll.value !== before) event.preventDefault();
    }
  };

  readonly onKeyDown = (event: KeyboardEvent): void => {
    const { key } = event;
    if (key === "+" || key === "=") this.zoom(1);
    else if (key === "-") this.zoom(-1);
    else if (key === "ArrowDown" || key === "ArrowUp") neighbour(key === "ArrowDown" ? 1 : -1);
    else if (key === "PageDown") this.move(this.scroll.value + 400);
    else if (key === "PageUp") this.move(this.scroll.value - 400);
    else if (key === "Enter" && selected.value !== undefined) show("bytes");
    else return;
    event.preventDefault();
    event.stopPropagation();
    if (key.startsWith("Arrow")) this.reveal();
  };
}

/** Selects the chunk before or behind. */
function neighbour(by: number): void {
  const { chunks } = moment.value!;
  const next = Math.min(Math.max(0, selectedChunk.value + by), chunks.count - 1);
  if (chunks.count > 0) select(chunks.address[next]);
}

function Tools({ lens }: { readonly lens: Lens }) {
  return (
    <div class="tools no-export">
      <button type="button" onClick={() => lens.zoom(1)} aria-label="zoom in">
        +
      </button>
      <button type="button" onClick={() => lens.zoom(-1)} aria-label="zoom out">
        −
      </button>
      <button type="button" onClick={() => lens.all()}>
        all
      </button>
      <button type="button" onClick={() => lens.closer()} disabled={selectedChunk.value < 0}>
        closer to the selection
      </button>
      <label>
        colours{" "}
        <select
          value={colouring.value}
          onChange={(event) => (colouring.value = event.currentTarget.value as "state")}
        >
          <option value="state">by state</option>
          <option value="thread">by thread</option>
          <option value="age">by age</option>
        </select>
      </label>
      <label>
        <input
          type="checkbox"
          checked={lens.hasLinks.value}
          onChange={(event) => (lens.hasLinks.value = event.currentTarget.checked)}
        />{" "}
        links of lists
      </label>
      <span class="note">{formatBytes(lens.layout.value.perRow)} in a row</span>
    </div>
  );
}

/** The view. */
export function MapView() {
  const [lens] = useState(() => new Lens());
  const count = formatCount(moment.value?.chunks.count ?? 0);
  return (
    <div>
      <Tools lens={lens} />
      <Canvas
        label={
          `Chunk map: ${count} chunks. Arrow keys go from chunk to chunk, plus and minus zoom, ` +
          "Enter shows bytes. The table below has the same."
        }
        height={HEIGHT}
        draw={lens.draw}
        class="map"
        onWheel={lens.onWheel}
        events={{
          onMouseMove: (event) => {
            const address = lens.addressOf(event);
            lens.hover.value = address === undefined ? "" : chunkText(moment.value!, address);
          },
          onMouseLeave: () => (lens.hover.value = ""),
          onClick: (event) => select(lens.addressOf(event)),
          onDblClick: () => lens.zoom(2),
          onKeyDown: lens.onKeyDown,
        }}
      />
      <input
        type="range"
        class="scroller no-export"
        aria-label="scroll the map"
        min={0}
        max={Math.max(1, Math.round(lens.most.value))}
        value={lens.scroll.value}
        disabled={lens.most.value === 0}
        onInput={(event) => lens.move(Number(event.currentTarget.value))}
      />
      <p class="hover" aria-hidden="true">
        {lens.hover.value || "Point at a chunk; ctrl and the wheel zoom; a click selects."}
      </p>
      <Legend />
      <ChunkRows />
    </div>
  );
}

function chunkText({ chunks, stretches }: Moment, address: number): string {
  const stretch = stretches.find(({ start, end }) => address >= start && address < end);
  const i = stretch === undefined ? -1 : chunkAt(chunks, stretch, address);
  if (i < 0) return hex(address);
  const what = stateText(chunks.state[i]!, chunks.bin[i]!, chunks.thread[i]!);
  return `chunk ${hex(chunks.address[i]!)}, ${hex(chunks.size[i]!)} bytes: ${what}`;
}

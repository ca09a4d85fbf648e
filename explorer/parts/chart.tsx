// A chart over time, with the time cursor in it; a click goes there.

import { useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { formatBytes, formatCount } from "../model/format.js";
import { goTo } from "../state/actions.js";
import { at, mark, paint } from "../state/store.js";

/** One line of a chart. */
export interface Line {
  readonly name: string;
  /** A variable of the style sheet. */
  readonly color: string;
  readonly values: ArrayLike<number>;
}

interface Props {
  readonly title: string;
  /** What the values are. */
  readonly unit: "bytes" | "share";
  readonly count: number;
  readonly lines: readonly Line[];
}

const HEIGHT = 190;
/** Distances of lines across a chart of bytes. */
const POWERS = Array.from({ length: 33 }, (_, i) => 2 ** i);

/** A value for each of at most `pieces` pieces: the highest of a line, where it has more values. */
function thinned(values: ArrayLike<number>, count: number, pieces: number): [number[], number[]] {
  const step = Math.max(1, Math.ceil(count / pieces));
  const [places, found]: [number[], number[]] = [[], []];
  for (let from = 0; from < count; from += step) {
    let most = -Infinity;
    let place = from;
    for (let i = from; i < Math.min(count, from + step); i++) {
      if (values[i]! <= most) continue;
      most = values[i]!;
      place = i;
    }
    places.push(step === 1 ? place + 1 : from + step);
    found.push(most);
  }
  return [places, found];
}

function cursorLines(plot: uPlot, style: CSSStyleDeclaration): void {
  const { ctx, bbox } = plot;
  const draw = (value: number, color: string): void => {
    const x = Math.round(plot.valToPos(value, "x", true));
    ctx.fillStyle = color;
    ctx.fillRect(x - 1, bbox.top, 2, bbox.height);
  };
  if (mark.peek() !== undefined) draw(mark.peek()!, style.getPropertyValue("--dim"));
  draw(at.peek(), style.getPropertyValue("--accent"));
}

function optionsOf({ title, unit, lines }: Props, width: number, style: CSSStyleDeclaration) {
  const one = (name: string): string => style.getPropertyValue(name).trim();
  const text = (value: number): string =>
    unit === "bytes" ? formatBytes(value) : `${Math.round(value * 100)} %`;
  const axis = {
    stroke: one("--dim"),
    grid: { stroke: one("--edge"), width: 1 },
    ticks: { stroke: one("--edge"), width: 1 },
  };
  return {
    title,
    width,
    height: HEIGHT,
    scales: { x: { time: false } },
    cursor: { drag: { x: false, y: false } },
    legend: { live: true },
    series: [
      {
        label: "operation",
        value: (_: uPlot, value: number | null) => (value === null ? "" : formatCount(value)),
      },
      ...lines.map(({ name, color }) => ({
        label: name,
        stroke: one(color),
        width: 1.5,
        points: { show: false },
        value: (_: uPlot, value: number | null) => (value === null ? "" : text(value)),
      })),
    ],
    axes: [
      { ...axis, values: (_: uPlot, list: number[]) => list.map(formatCount) },
      {
        ...axis,
        size: 76,
        ...(unit === "bytes" && { incrs: POWERS }),
        values: (_: uPlot, list: number[]) => list.map(text),
      },
    ],
    hooks: { draw: [(plot: uPlot) => cursorLines(plot, style)] },
  } satisfies uPlot.Options;
}

/** The chart. */
export function Chart(props: Props) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const { title, count, lines } = props;
  useEffect(() => {
    const element = holder.current!;
    const width = Math.max(280, element.clientWidth);
    const style = getComputedStyle(element);
    const thin = lines.map(({ values }) => thinned(values, count, Math.min(1600, width)));
    const data = [thin[0]?.[0] ?? [], ...thin.map(([, found]) => found)] as uPlot.AlignedData;
    const made = new uPlot(optionsOf(props, width, style), data, element);
    plot.current = made;
    made.over.addEventListener("click", () => goTo(made.posToVal(made.cursor.left ?? 0, "x")));
    const observer = new ResizeObserver(() => {
      const wide = Math.max(280, element.clientWidth);
      if (wide !== made.width) made.setSize({ width: wide, height: HEIGHT });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [lines[0]?.values, count, paint.value]);
  useSignalEffect(() => {
    void [at.value, mark.value];
    plot.current?.redraw(false);
  });
  const now = Math.max(0, at.value - 1);
  const said = lines.map(({ name, values }) => {
    const value = values[now] ?? 0;
    return `${name} ${props.unit === "bytes" ? formatBytes(value) : `${Math.round(value * 100)} %`}`;
  });
  return (
    <figure class="chart">
      <div ref={holder} role="img" aria-label={`${title}. Now: ${said.join(", ")}`} />
    </figure>
  );
}

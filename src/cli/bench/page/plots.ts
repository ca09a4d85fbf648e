// The plots: bars with intervals, and lines. Beside each stands a table of what it shows.

import {
  axisFy,
  axisX,
  axisY,
  areaY,
  barX,
  line,
  plot,
  ruleX,
  ruleY,
  text,
} from "@observablehq/plot";
import type { Look } from "./palette.js";

/** A bar, with its interval where there is one. */
export interface Bar {
  /** Which group of bars it is in: a contestant's title. */
  readonly title: string;
  /** Which of the group's bars: "warm". */
  readonly series: string;
  readonly value: number;
  readonly low?: number | undefined;
  readonly high?: number | undefined;
  /** Beside the bar. */
  readonly label: string;
  readonly look: Look;
}

/** Bars in groups. */
export interface BarPlot {
  readonly bars: readonly Bar[];
  /** From top to bottom; the first one is darkest. */
  readonly series: readonly string[];
  /** Of the axis, with the unit. */
  readonly axis: string;
  /** Where a line is drawn across: 1, for ratios. */
  readonly mark?: number;
}

/** Points of a contestant. */
export interface Line {
  readonly look: Look;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** Lines over the same axes. */
export interface LinePlot {
  readonly lines: readonly Line[];
  readonly xAxis: string;
  readonly yAxis: string;
  readonly isLogX?: boolean;
  /** Whether a value holds until the next one, instead of a straight way there. */
  readonly isStepped?: boolean;
  /** Grey, below the lines. */
  readonly area?: Line["points"];
  /** Places on the x axis, with what begins there. */
  readonly marks?: readonly { readonly x: number; readonly label: string }[];
}

/** Pixels. */
const BAR = 15;
const BAR_GAP = 12;
const FONT = 12;
const STYLE = { background: "none", fontSize: `${FONT}px`, fontFamily: "inherit" };
/** How solid bars are: the second and third of a group are paler, with an edge. */
const OPACITIES = [0.95, 0.5, 0.2];

/** @returns bars from left to right, one below the other */
export function barPlot({ bars, series, axis, mark }: BarPlot, width: number): Element {
  const titles = [...new Set(bars.map(({ title }) => title))];
  const marginLeft = Math.min(190, Math.round(width * 0.34));
  const sure = bars.filter(({ low, high }) => low !== undefined && high !== undefined);
  return plot({
    ...{ width, marginLeft, marginRight: 100, marginTop: 42, marginBottom: 4, style: STYLE },
    height: titles.length * (series.length * BAR + BAR_GAP) + 48,
    x: { axis: null, domain: [0, Math.max(...bars.map((bar) => bar.high ?? bar.value))] },
    y: { domain: [...series], axis: null, padding: 0 },
    color: { type: "identity" },
    opacity: { type: "identity" },
    fy: { domain: titles, axis: null, padding: BAR_GAP / (series.length * BAR + BAR_GAP) },
    marks: [
      axisX({
        anchor: "top",
        label: axis,
        labelOffset: 38,
        ticks: Math.max(2, Math.floor(width / 130)),
      }),
      axisFy({ anchor: "left", label: null, lineWidth: (marginLeft - 12) / FONT, fontSize: FONT }),
      barX(bars, {
        ...{ x: "value", y: "series", fy: "title", insetTop: 1, insetBottom: 1 },
        ...{ fill: (bar: Bar) => bar.look.color, stroke: (bar: Bar) => bar.look.color },
        fillOpacity: (bar: Bar) => OPACITIES[series.indexOf(bar.series)] ?? 1,
      }),
      ruleY(sure, { y: "series", fy: "title", x1: "low", x2: "high", strokeWidth: 2 }),
      text(bars, {
        ...{ x: (bar: Bar) => bar.high ?? bar.value, y: "series", fy: "title", text: "label" },
        ...{ textAnchor: "start", dx: 5 },
      }),
      ruleX([0]),
      ...(mark === undefined ? [] : [ruleX([mark], { strokeDasharray: "3 3" })]),
    ],
  });
}

/** @returns lines, each in its contestant's look */
export function linePlot(content: LinePlot, width: number): Element {
  const { lines, xAxis, yAxis, isLogX = false, isStepped = false, area, marks = [] } = content;
  // "lukewarm" stands between two marks, on phones too.
  const fontSize = width < 500 ? 9 : FONT;
  const curve = isStepped ? "step-after" : "linear";
  return plot({
    ...{ width, height: 320, marginLeft: 56, marginRight: 16, marginTop: 36, marginBottom: 40 },
    style: STYLE,
    x: isLogX ? { type: "log" } : {},
    y: { zero: true, nice: true },
    marks: [
      axisX({ label: xAxis, ticks: Math.max(3, Math.floor(width / 110)) }),
      axisY({ label: yAxis }),
      ...(area === undefined
        ? []
        : [areaY(area, { x: "0", y: "1", fill: "currentColor", fillOpacity: 0.18, curve })]),
      ...marks.flatMap(({ x, label }) => [
        ruleX([x], { strokeOpacity: 0.5, strokeDasharray: "3 3" }),
        text([label], { x, frameAnchor: "top", textAnchor: "start", dy: -14, fontSize }),
      ]),
      ...lines.map(({ points, look }) =>
        line(points, {
          ...{ x: "0", y: "1", stroke: look.color, strokeWidth: 2, curve },
          ...(look.dash === "none" ? {} : { strokeDasharray: look.dash }),
        }),
      ),
      ruleY([0]),
    ],
  });
}

/** @returns a box in which the plot is as wide as the page allows, drawn again when that changes */
export function responsive(draw: (width: number) => Element): HTMLElement {
  const box = document.createElement("div");
  box.className = "plot";
  box.ariaHidden = "true";
  let drawn = 0;
  new ResizeObserver(([entry]) => {
    const width = Math.floor(entry!.contentRect.width);
    if (width === drawn || width === 0) return;
    drawn = width;
    box.replaceChildren(draw(width));
  }).observe(box);
  return box;
}

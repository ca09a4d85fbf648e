// Each contestant has one look, the same in every plot: one of seven colours that are told apart
// with any kind of colour vision (after M. Okabe and K. Ito; style.css has them for light and
// dark), and, where there are more contestants, a line that is dashed or dotted.

/** Colours in style.css: --s0, --s1 … */
const COLORS = 7;
const DASHES = ["none", "7 3", "2 3"] as const;

/** How a contestant is drawn. */
export interface Look {
  /** As CSS. */
  readonly color: string;
  /** As stroke-dasharray. */
  readonly dash: string;
}

/** @returns the look of the contestant at that place of the result */
export function lookOf(place: number): Look {
  return {
    color: `var(--s${place % COLORS})`,
    dash: DASHES[Math.floor(place / COLORS) % DASHES.length]!,
  };
}

/** @returns a short line in a contestant's look, for legends and tables */
export function swatch({ color, dash }: Look): SVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const line = document.createElementNS(space, "line");
  const set = (of: Element, values: Readonly<Record<string, string>>): void => {
    for (const [key, value] of Object.entries(values)) of.setAttribute(key, value);
  };
  set(svg, { width: "26", height: "8", "aria-hidden": "true" });
  set(line, { x1: "0", x2: "26", y1: "4", y2: "4", "stroke-width": "4", "stroke-dasharray": dash });
  line.style.stroke = color;
  svg.append(line);
  return svg;
}

// Colours out of the style sheet, for canvases.

import { STATES } from "../model/states.js";
import { paint } from "../state/store.js";

/** A colour as canvases take it, and as pixels have it (ABGR). */
export interface Color {
  readonly css: string;
  readonly pixel: number;
}

/** The colours of the page as it is now. */
export interface Palette {
  readonly states: readonly Color[];
  readonly threads: readonly Color[];
  /** From little to much. */
  readonly ranks: readonly Color[];
  readonly back: Color;
  readonly text: Color;
  readonly dim: Color;
  readonly edge: Color;
  readonly mark: Color;
  readonly link: Color;
}

function colorOf(style: CSSStyleDeclaration, name: string): Color {
  const css = style.getPropertyValue(name).trim() || "#808080";
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(css.slice(at, at + 2), 16));
  return { css, pixel: ((255 << 24) | (blue! << 16) | (green! << 8) | red!) >>> 0 };
}

let known: { paint: number; palette: Palette } | undefined;

/** @returns the page's colours, read anew when they change @param element whose style counts */
export function paletteOf(element: Element): Palette {
  if (known?.paint !== paint.peek()) known = { paint: paint.peek(), palette: readPalette(element) };
  return known.palette;
}

function readPalette(element: Element): Palette {
  const style = getComputedStyle(element);
  const one = (name: string): Color => colorOf(style, name);
  return {
    states: STATES.map((state) => one(`--state-${state}`)),
    threads: Array.from({ length: 8 }, (_, i) => one(`--thread-${i}`)),
    ranks: Array.from({ length: 8 }, (_, i) => one(`--rank-${i}`)),
    back: one("--back"),
    text: one("--text"),
    dim: one("--dim"),
    edge: one("--edge"),
    mark: one("--accent"),
    link: one("--link-line"),
  };
}

/** @returns a colour as far as it shows through a filter */
export function faded({ pixel }: Color, back: Color): Color {
  const mix = (shift: number): number =>
    Math.round(((pixel >>> shift) & 255) * 0.14 + ((back.pixel >>> shift) & 255) * 0.86);
  const [red, green, blue] = [mix(0), mix(8), mix(16)];
  return {
    css: `rgb(${red} ${green} ${blue})`,
    pixel: ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0,
  };
}

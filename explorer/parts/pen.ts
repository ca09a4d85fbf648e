// Drawing on a canvas, or into an SVG: views draw with a pen, so that both look the same.

/** A pen. Lengths are CSS pixels. */
export interface Pen {
  readonly width: number;
  readonly height: number;
  rect(x: number, y: number, width: number, height: number, color: string): void;
  frame(x: number, y: number, width: number, height: number, color: string, line?: number): void;
  line(points: readonly (readonly [number, number])[], color: string, line?: number): void;
  /** What lies inside of a line. */
  area(points: readonly (readonly [number, number])[], color: string): void;
  /** A curve from one point to another, with a head. */
  arrow(from: readonly [number, number], to: readonly [number, number], color: string): void;
  text(text: string, x: number, y: number, color: string, align?: "left" | "right"): void;
  /** How wide a text comes out. */
  measure(text: string): number;
}

const FONT = "11px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace";
const CHARACTER = 6.6;

/** How far the middle of a curve is beside the straight line. */
function middle(from: readonly [number, number], to: readonly [number, number]) {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const bend = Math.min(40, Math.hypot(dx, dy) * 0.25);
  const length = Math.hypot(dx, dy) || 1;
  return [
    (from[0] + to[0]) / 2 - (dy / length) * bend,
    (from[1] + to[1]) / 2 + (dx / length) * bend,
  ] as const;
}

function headOf(from: readonly [number, number], to: readonly [number, number]) {
  const angle = Math.atan2(to[1] - from[1], to[0] - from[0]);
  const side = (turn: number) =>
    [to[0] - 7 * Math.cos(angle + turn), to[1] - 7 * Math.sin(angle + turn)] as const;
  return [side(0.4), to, side(-0.4)] as const;
}

/** A pen for a canvas. */
export class CanvasPen implements Pen {
  readonly #context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;

  constructor(context: CanvasRenderingContext2D, width: number, height: number) {
    this.#context = context;
    this.width = width;
    this.height = height;
    context.font = FONT;
    context.textBaseline = "middle";
  }

  rect(x: number, y: number, width: number, height: number, color: string): void {
    this.#context.fillStyle = color;
    this.#context.fillRect(x, y, width, height);
  }

  frame(x: number, y: number, width: number, height: number, color: string, line = 2): void {
    this.#context.strokeStyle = color;
    this.#context.lineWidth = line;
    this.#context.strokeRect(x, y, width, height);
  }

  line(points: readonly (readonly [number, number])[], color: string, line = 1): void {
    const context = this.#context;
    context.strokeStyle = color;
    context.lineWidth = line;
    context.beginPath();
    for (const [x, y] of points) context.lineTo(x, y);
    context.stroke();
  }

  area(points: readonly (readonly [number, number])[], color: string): void {
    const context = this.#context;
    context.fillStyle = color;
    context.beginPath();
    for (const [x, y] of points) context.lineTo(x, y);
    context.fill();
  }

  arrow(from: readonly [number, number], to: readonly [number, number], color: string): void {
    const context = this.#context;
    const [x, y] = middle(from, to);
    context.strokeStyle = color;
    context.lineWidth = 1.25;
    context.beginPath();
    context.moveTo(from[0], from[1]);
    context.quadraticCurveTo(x, y, to[0], to[1]);
    context.stroke();
    this.line(headOf([x, y], to), color, 1.25);
  }

  text(text: string, x: number, y: number, color: string, align: "left" | "right" = "left"): void {
    this.#context.fillStyle = color;
    this.#context.textAlign = align;
    this.#context.fillText(text, x, y);
  }

  measure(text: string): number {
    return this.#context.measureText(text).width;
  }
}

/** A pen that writes an SVG. */
export class SvgPen implements Pen {
  readonly width: number;
  readonly height: number;
  readonly #parts: string[] = [];

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
  }

  rect(x: number, y: number, width: number, height: number, color: string): void {
    this.#parts.push(
      `<rect x="${at(x)}" y="${at(y)}" width="${at(width)}" height="${at(height)}" fill="${color}"/>`,
    );
  }

  frame(x: number, y: number, width: number, height: number, color: string, line = 2): void {
    const box = `x="${at(x)}" y="${at(y)}" width="${at(width)}" height="${at(height)}"`;
    this.#parts.push(`<rect ${box} fill="none" stroke="${color}" stroke-width="${line}"/>`);
  }

  line(points: readonly (readonly [number, number])[], color: string, line = 1): void {
    const list = points.map(([x, y]) => `${at(x)},${at(y)}`).join(" ");
    this.#parts.push(
      `<polyline points="${list}" fill="none" stroke="${color}" stroke-width="${line}"/>`,
    );
  }

  area(points: readonly (readonly [number, number])[], color: string): void {
    const list = points.map(([x, y]) => `${at(x)},${at(y)}`).join(" ");
    this.#parts.push(`<polygon points="${list}" fill="${color}"/>`);
  }

  arrow(from: readonly [number, number], to: readonly [number, number], color: string): void {
    const [x, y] = middle(from, to);
    const path = `M${at(from[0])} ${at(from[1])}Q${at(x)} ${at(y)} ${at(to[0])} ${at(to[1])}`;
    this.#parts.push(`<path d="${path}" fill="none" stroke="${color}" stroke-width="1.25"/>`);
    this.line(headOf([x, y], to), color, 1.25);
  }

  text(text: string, x: number, y: number, color: string, align: "left" | "right" = "left"): void {
    const anchor = align === "right" ? ' text-anchor="end"' : "";
    const safe = text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
    this.#parts.push(`<text x="${at(x)}" y="${at(y + 4)}" fill="${color}"${anchor}>${safe}</text>`);
  }

  measure(text: string): number {
    return text.length * CHARACTER;
  }

  /** @returns the whole file */
  toString(): string {
    const size = `width="${at(this.width)}" height="${at(this.height)}"`;
    const font = 'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="11"';
    const head = `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${font}>`;
    return `${head}${this.#parts.join("")}</svg>\n`;
  }
}

function at(value: number): string {
  return String(Math.round(value * 100) / 100);
}

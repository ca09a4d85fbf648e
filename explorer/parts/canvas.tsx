// A canvas as large as its place, drawn anew when what it shows changes.

import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { ComponentProps } from "preact";
import { paint } from "../state/store.js";
import { paletteOf, type Palette } from "./colors.js";
import { CanvasPen, SvgPen, type Pen } from "./pen.js";

/** Draws a view. @param context where there are pixels; absent in an SVG */
export type Draw = (pen: Pen, palette: Palette, context?: CanvasRenderingContext2D) => void;

/** An element that can write itself as an SVG: see parts/export.ts. */
export interface SvgSource extends HTMLCanvasElement {
  toSvg?: () => string;
}

interface Props {
  readonly label: string;
  readonly height: number;
  readonly draw: Draw;
  readonly class?: string;
  readonly events?: ComponentProps<"canvas">;
  /** Where listeners that must be able to prevent scrolling are put. */
  readonly onWheel?: (event: WheelEvent) => void;
}

/** The canvas. Signals that `draw` reads make it draw again. */
export function Canvas({ label, height, draw, events = {}, onWheel, class: name }: Props) {
  const element = useRef<SvgSource>(null);
  const width = useSignal(0);
  useEffect(() => {
    const canvas = element.current!;
    const observer = new ResizeObserver(() => {
      width.value = canvas.clientWidth;
    });
    observer.observe(canvas);
    width.value = canvas.clientWidth;
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const canvas = element.current!;
    if (onWheel === undefined) return undefined;
    canvas.addEventListener("wheel", onWheel, { passive: false });
    return () => canvas.removeEventListener("wheel", onWheel);
  }, [onWheel]);
  useSignalEffect(() => {
    void paint.value;
    const canvas = element.current;
    if (canvas === null || width.value === 0) return;
    canvas.toSvg = () => svgOf(canvas, draw, height);
    redraw(canvas, draw, width.value, height);
  });
  useEffect(() => {
    const canvas = element.current!;
    canvas.toSvg = () => svgOf(canvas, draw, height);
    if (width.value > 0) redraw(canvas, draw, width.value, height);
  }, [draw, height]);
  return (
    <canvas
      ref={element}
      role="img"
      aria-label={label}
      tabIndex={0}
      class={name}
      style={{ height: `${height}px` }}
      {...events}
    />
  );
}

function redraw(canvas: HTMLCanvasElement, draw: Draw, width: number, height: number): void {
  const scale = Math.min(2, window.devicePixelRatio || 1);
  const [pixelsX, pixelsY] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== pixelsX) canvas.width = pixelsX;
  if (canvas.height !== pixelsY) canvas.height = pixelsY;
  const context = canvas.getContext("2d")!;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  const palette = paletteOf(canvas);
  const pen = new CanvasPen(context, width, height);
  pen.rect(0, 0, width, height, palette.back.css);
  draw(pen, palette, context);
}

function svgOf(canvas: HTMLCanvasElement, draw: Draw, height: number): string {
  const pen = new SvgPen(canvas.clientWidth, height);
  const palette = paletteOf(canvas);
  pen.rect(0, 0, pen.width, height, palette.back.css);
  draw(pen, palette);
  return pen.toString();
}

// Views as files: canvases as drawings of lines, anything else as a picture of the page.

import type { SvgSource } from "./canvas.js";
import { SvgPen } from "./pen.js";

/** Gives a file to the person. */
export function downloadBlob(name: string, blob: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Gives a text to the person, as a file. */
export function downloadText(name: string, text: string, type = "application/json"): void {
  downloadBlob(name, new Blob([text], { type }));
}

/** All rules of the page's style, for a picture that stands alone. */
function styleText(): string {
  return [...document.styleSheets]
    .flatMap((sheet) => [...sheet.cssRules].map(({ cssText }) => cssText))
    .join("\n");
}

/** Room around a picture, pixels. */
const MARGIN = 12;
const ROW = 18;

/** @returns an element as an SVG: one canvas as it is drawn, else what the page shows of it */
export function svgOf(element: HTMLElement, caption: string): string {
  const canvases = [...element.querySelectorAll<SvgSource>("canvas")];
  const [first] = canvases;
  if (canvases.length === 1 && first?.toSvg !== undefined)
    return drawnSvg(first.toSvg(), first, legendOf(element), caption);
  return pageAsSvg(element, canvases, caption);
}

interface LegendItem {
  readonly color: string;
  readonly text: string;
}

function legendOf(element: HTMLElement): LegendItem[] {
  return [...element.querySelectorAll(".legend li")].map((item) => ({
    color: getComputedStyle(item.querySelector(".swatch")!).backgroundColor,
    text: item.textContent,
  }));
}

/** What stands below a drawing: what its colours mean, and what it is of. */
function footOf(width: number, legend: readonly LegendItem[], caption: string, text: string) {
  const places: (LegendItem & { x: number; row: number })[] = [];
  const measure = new SvgPen(width, 0);
  let [x, row] = [0, 0];
  for (const item of legend) {
    const wide = 18 + measure.measure(item.text) + 14;
    if (x + wide > width) [x, row] = [0, row + 1];
    places.push({ ...item, x, row });
    x += wide;
  }
  const rows = places.length === 0 ? 1 : row + 2;
  const pen = new SvgPen(width, rows * ROW);
  for (const { color, text: name, x: left, row: line } of places) {
    pen.rect(left, line * ROW + 3, 12, 12, color);
    pen.text(name, left + 18, line * ROW + 9, text);
  }
  pen.text(caption, 0, (rows - 1) * ROW + 9, text);
  return pen;
}

/** A drawing with its foot; nothing in it needs a browser. */
function drawnSvg(
  drawing: string,
  { clientWidth: width, clientHeight: height }: HTMLElement,
  legend: readonly LegendItem[],
  caption: string,
): string {
  const style = getComputedStyle(document.body);
  const foot = footOf(width, legend, caption, style.color);
  const [wide, tall] = [width + 2 * MARGIN, height + foot.height + 3 * MARGIN];
  const placed = (svg: string, y: number): string =>
    svg.replace("<svg ", `<svg x="${MARGIN}" y="${y}" `);
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${wide}" height="${tall}">` +
    `<rect width="100%" height="100%" fill="${style.backgroundColor}"/>` +
    placed(drawing, MARGIN) +
    placed(foot.toString(), height + 2 * MARGIN) +
    "</svg>"
  );
}

/** A copy of a view without what can only be used in the page, and with all that is scrolled to. */
function stillCopy(element: HTMLElement, canvases: readonly SvgSource[]): HTMLElement {
  const copy = element.cloneNode(true) as HTMLElement;
  [...copy.querySelectorAll("canvas")].forEach((canvas, i) => {
    const image = document.createElement("img");
    const source = canvases[i]!;
    image.src = source.toDataURL();
    image.style.width = `${source.clientWidth}px`;
    image.style.height = `${source.clientHeight}px`;
    canvas.replaceWith(image);
  });
  const used = "script, dialog, form, .no-export, .tools button, .tools label";
  copy.querySelectorAll(used).forEach((one) => one.remove());
  return copy;
}

function pageAsSvg(element: HTMLElement, canvases: readonly SvgSource[], caption: string): string {
  const copy = stillCopy(element, canvases);
  const holder = document.createElement("div");
  holder.setAttribute("xmlns", "http://www.w3.org/1999/xhtml");
  holder.className = "exported";
  holder.dataset.theme = document.documentElement.dataset.theme;
  holder.style.width = `${element.clientWidth}px`;
  const said = document.createElement("p");
  said.className = "note";
  said.textContent = caption;
  holder.append(copy, said);
  document.body.append(holder);
  const [width, height] = [holder.scrollWidth, holder.scrollHeight].map(Math.ceil);
  holder.remove();
  const style = document.createElement("style");
  style.textContent = styleText().replaceAll(":root", ".exported");
  holder.prepend(style);
  const body = new XMLSerializer().serializeToString(holder);
  const size = `width="${width}" height="${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}><foreignObject width="100%" height="100%">${body}</foreignObject></svg>`;
}

/** @returns an element as a PNG */
export async function pngOf(element: HTMLElement, caption: string): Promise<Blob> {
  const svg = svgOf(element, caption);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const scale = Math.min(2, 4000 / Math.max(1, image.width), 12_000 / Math.max(1, image.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(image.width * scale);
  canvas.height = Math.round(image.height * scale);
  const context = canvas.getContext("2d")!;
  context.fillStyle = getComputedStyle(document.body).backgroundColor;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob === null) reject(new Error("the picture cannot be made"));
      else resolve(blob);
    }, "image/png");
  });
}

// Views as files: canvases as drawings of lines, anything else as a picture of the page.

import type { SvgSource } from "./canvas.js";

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

/** @returns an element as an SVG: one canvas as it is drawn, else what the page shows of it */
export function svgOf(element: HTMLElement): string {
  const canvases = [...element.querySelectorAll<SvgSource>("canvas")];
  const drawn = canvases.filter(({ toSvg }) => toSvg !== undefined);
  if (drawn.length === 1 && canvases.length === 1) return drawn[0]!.toSvg!();
  return pageAsSvg(element, canvases);
}

function pageAsSvg(element: HTMLElement, canvases: readonly SvgSource[]): string {
  const { width, height } = element.getBoundingClientRect();
  const copy = element.cloneNode(true) as HTMLElement;
  [...copy.querySelectorAll("canvas")].forEach((canvas, i) => {
    const image = document.createElement("img");
    const source = canvases[i]!;
    image.src = source.toDataURL();
    image.style.width = `${source.clientWidth}px`;
    image.style.height = `${source.clientHeight}px`;
    canvas.replaceWith(image);
  });
  copy.querySelectorAll("script, dialog, .no-export").forEach((one) => one.remove());
  const root = document.documentElement;
  const theme = getComputedStyle(root).getPropertyValue("color-scheme").includes("dark")
    ? "dark"
    : "light";
  const holder = document.createElement("div");
  holder.setAttribute("xmlns", "http://www.w3.org/1999/xhtml");
  holder.className = "exported";
  holder.dataset.theme = root.dataset.theme ?? theme;
  const style = document.createElement("style");
  style.textContent = styleText().replaceAll(":root", ".exported");
  holder.append(style, copy);
  const body = new XMLSerializer().serializeToString(holder);
  const size = `width="${Math.ceil(width)}" height="${Math.ceil(height)}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}><foreignObject width="100%" height="100%">${body}</foreignObject></svg>`;
}

/** @returns an element as a PNG */
export async function pngOf(element: HTMLElement): Promise<Blob> {
  const svg = svgOf(element);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const scale = Math.min(2, 4000 / Math.max(1, image.width));
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

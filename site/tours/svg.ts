// The few elements of SVG that pictures are made of. Colours are classes, which the site's style
// sheet gives for light and dark.

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", '"': "&quot;" };

export const escaped = (text: string): string => text.replace(/[&<"]/g, (one) => ESCAPES[one]!);

type Attributes = Readonly<Record<string, string | number>>;

export function element(name: string, attributes: Attributes, content = ""): string {
  const list = Object.entries(attributes).map(([key, value]) => ` ${key}="${value}"`);
  return `<${name}${list.join("")}>${content}</${name}>`;
}

export function box(kind: string, x: number, y: number, width: number, height: number): string {
  return element("rect", { class: `p-${kind}`, x, y, width, height, rx: 3 });
}

/** A text; `kind` is its class: label, small, strong, bad. */
export function text(
  kind: string,
  x: number,
  y: number,
  content: string,
  anchor: "start" | "middle" | "end" = "start",
): string {
  return element("text", { class: `t-${kind}`, x, y, "text-anchor": anchor }, escaped(content));
}

/** A whole picture. @param title what it shows, for those who do not see it */
export function picture(title: string, width: number, height: number, parts: string[]): string {
  const viewBox = `0 0 ${width} ${Math.ceil(height)}`;
  const attributes = { viewBox, role: "img", "aria-label": escaped(title), class: "picture" };
  return element("svg", attributes, parts.join(""));
}

// Makes the built site independent of where it lies. VitePress wants to know the path that a site
// is served under; it is given a mark instead. Here the mark becomes a way relative to the page in
// HTML and style sheets, and in scripts a variable that each page sets from its own address.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseAst } from "rollup/parseAst";
import { visitNodes } from "./syntax.mjs";
import { upFrom } from "./map.mjs";

/** The path that VitePress builds for: in no text by chance. */
export const BASE = "/--site--/";
const VARIABLE = "globalThis.__siteBase";

/**
 * A page that has been opened in the middle of a visit keeps links that were written for the page
 * before. So they are made absolute, once, before the page's scripts run.
 */
const SETTLE =
  'for (const e of document.querySelectorAll("a[href]"))' +
  ' if (!e.getAttribute("href").startsWith("#")) e.setAttribute("href", e.href);';

/** @param {string} text @param {string} path of the page, from the site's top */
export function relativePage(text, path) {
  const up = upFrom(path);
  const base = `<script>${VARIABLE}=new URL(${JSON.stringify(up)},location.href).pathname</script>`;
  return text
    .replaceAll(/(href|src)="\/--site--\/([^"#]*)/g, (_, name, rest) => {
      const file = rest === "" || rest.endsWith("/") ? `${rest}index.html` : rest;
      return `${name}="${up}${file}`;
    })
    .replace("<head>", `<head>${base}`)
    .replace("</body>", `<script>${SETTLE}</script></body>`);
}

/** A literal as an expression that puts the variable in. */
function pieces(value) {
  return `(${value
    .split(BASE)
    .map((part) => JSON.stringify(part))
    .join(`+${VARIABLE}+`)})`;
}

/** @param {string} code @returns {string} the script, with the variable for the mark */
export function relativeScript(code) {
  if (!code.includes(BASE)) return code;
  const changes = [];
  visitNodes(parseAst(code), (node) => {
    if (node.type === "Literal" && String(node.value).includes(BASE))
      changes.push({ ...node, text: pieces(node.value) });
    if (node.type === "TemplateElement" && node.value.raw.includes(BASE))
      changes.push({ ...node, text: node.value.raw.replaceAll(BASE, `\${${VARIABLE}}`) });
  });
  changes.sort((a, b) => b.start - a.start);
  let result = code;
  for (const { start, end, text } of changes)
    result = result.slice(0, start) + text + result.slice(end);
  return result;
}

function relativeStyle(text, path) {
  const up = relative(dirname(path), ".") || ".";
  return text.replaceAll(BASE, `${up}/`);
}

/** Rewrites all files of a built site. @param {string} folder */
export function makeRelative(folder) {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  for (const path of files) {
    const rewrite = path.endsWith(".html")
      ? relativePage
      : path.endsWith(".js")
        ? relativeScript
        : path.endsWith(".css")
          ? relativeStyle
          : undefined;
    if (rewrite === undefined) continue;
    const file = join(folder, path);
    const text = readFileSync(file, "utf8");
    const result = rewrite(text, path);
    if (result.includes(BASE)) throw new Error(`${path}: still has ${BASE}`);
    if (result !== text) writeFileSync(file, result);
  }
}

// Puts the site's pages together: documents of the repository as they stand, with their links led
// to pages, and the pages that the site has of its own.

import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fromMarkdown } from "mdast-util-from-markdown";
import { visit } from "unist-util-visit";
import { documents, PAGES, ROOT, SITE } from "./map.mjs";

/** Pictures are of this site: they would show it itself. */
const PICTURE = /<picture>[^]*?<\/picture>\n*/g;
const ELSEWHERE = /^([a-z]+:|#)/i;
/** Files that are no pages, but that a page leads to, lie here, by their own paths. */
export const FILES = "files";

/**
 * Where a link leads on the site.
 * @param {string} url as it is written
 * @param {string} document the document that has it
 * @param {Map<string, string>} pages by document
 * @param {Set<string>} files takes files to be copied
 * @returns {string | undefined} undefined: nowhere, what is linked is a folder
 */
function target(url, document, pages, files) {
  if (ELSEWHERE.test(url)) return url;
  const [path, hash = ""] = url.split(/(?=#)/);
  const file = join(dirname(document), path);
  const from = dirname(pages.get(document));
  const page = pages.get(file);
  if (page !== undefined) return `${relative(from, page) || "./"}${hash}`;
  if (!existsSync(ROOT + file)) throw new Error(`${document}: nothing at ${url}`);
  if (statSync(ROOT + file).isDirectory()) return undefined;
  files.add(file);
  return `${relative(from, join(FILES, file))}${hash}`;
}

/** A document with its links led to pages; a link to a folder becomes its text. */
function rewritten(text, document, pages, files) {
  const changes = [];
  visit(fromMarkdown(text), (node) => {
    if (!["link", "image", "definition"].includes(node.type)) return;
    const { start, end } = node.position;
    const source = text.slice(start.offset, end.offset);
    const to = target(node.url, document, pages, files);
    const text2 =
      to === undefined
        ? text.slice(
            node.children[0].position.start.offset,
            node.children.at(-1).position.end.offset,
          )
        : replaceLast(source, node.url, to);
    changes.push({ begin: start.offset, end: end.offset, text: text2 });
  });
  return changes
    .reverse()
    .reduce((all, { begin, end, text: by }) => all.slice(0, begin) + by + all.slice(end), text);
}

function replaceLast(text, what, by) {
  const at = text.lastIndexOf(what);
  return at < 0 ? text : text.slice(0, at) + by + text.slice(at + what.length);
}

/** What the page says of itself: where it comes from, which examples are looked up by. */
function withFront(text, document) {
  // Lessons are mostly what commands print, up to 100 columns of it.
  const isWide = document.startsWith("docs/heap/");
  return `---\nsource: ${document}\naside: ${!isWide}\n---\n\n${text}`;
}

function write(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** Puts all pages into site/.pages/. */
export function makePages() {
  rmSync(PAGES, { recursive: true, force: true });
  const pages = documents();
  const files = new Set();
  for (const [document, page] of pages) {
    const source = readFileSync(ROOT + document, "utf8").replace(PICTURE, "");
    const text = rewritten(source, document, pages, files);
    write(PAGES + page, withFront(text, document));
  }
  for (const file of files) write(`${PAGES}public/${FILES}/${file}`, readFileSync(ROOT + file));
  cpSync(`${SITE}pages/`, PAGES, { recursive: true });
}

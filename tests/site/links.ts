// Follows every link of a built site: to pages, to files, to places in pages.

import { existsSync, statSync } from "node:fs";
import { posix } from "node:path";
import { pageText, SITE } from "./built.js";

const LINK = /\s(?:href|src)="([^"]*)"/g;
const EXTERNAL = /^([a-z]+:|\/\/)/i;

/** The links of a page, as they are written. */
function linksOf(text: string): string[] {
  return [...text.matchAll(LINK)].map(([, link]) => link!.replaceAll("&amp;", "&"));
}

/** What a page takes from elsewhere when it is opened: scripts, styles, pictures. */
export function foreignParts(path: string): string[] {
  const parts = pageText(path).matchAll(
    /<(?:script|link|img|iframe)\s[^>]*?(?:href|src)="([^"]+)"/g,
  );
  return [...parts].map(([, url]) => url!).filter((url) => /^(https?:)?\/\//.test(url));
}

/** Whether a page has a place that a link names. */
function hasPlace(path: string, hash: string): boolean {
  // What stands behind the # of the explorer's address is its own matter.
  if (hash === "" || !path.endsWith(".html") || path.startsWith("explorer/")) return true;
  const id = decodeURIComponent(hash);
  return pageText(path).includes(` id="${id}"`);
}

/** @returns links of a page that lead nowhere, each with the reason */
export function deadLinks(path: string): string[] {
  return linksOf(pageText(path)).flatMap((link) => {
    if (EXTERNAL.test(link)) return [];
    if (link.startsWith("/")) return [`${path}: ${link}: not relative`];
    const [to = "", hash = ""] = link.split("#");
    const file = to === "" ? path : posix.join(posix.dirname(path), decodeURIComponent(to));
    if (!existsSync(SITE + file)) return [`${path}: ${link}: nothing there`];
    // From a disk a folder is no page.
    if (statSync(SITE + file).isDirectory()) return [`${path}: ${link}: a folder`];
    return hasPlace(file, hash) ? [] : [`${path}: ${link}: no such place in the page`];
  });
}

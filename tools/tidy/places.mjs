// The transforms of the build find code by marks and names (tools/places.mjs): each mark must stand
// on a function and each name be that of something, or what was moved would no longer be treated as
// it must be.

import ts from "typescript";
import * as places from "../places.mjs";
import { parse } from "./imports.mjs";

/**
 * Marks of functions where the build does not see them.
 * @param {string} path
 * @param {string} text
 * @param {[string, RegExp]} mark its name, and what it looks like
 * @returns {string[]} one line for each
 */
function strayMarks(path, text, [name, mark]) {
  const marked = parse(path, text).statements.filter(
    (one) => ts.isFunctionDeclaration(one) && places.isMarked(text, one.getStart(), mark),
  );
  const lines = text.split("\n").flatMap((line, index) => (mark.test(line) ? [index] : []));
  const known = marked.map((one) => text.slice(0, one.getStart()).split("\n").length - 1);
  // The mark is the last word of a docstring: on the line before the function, or one above that.
  return lines
    .filter((line) => !known.includes(line + 1) && !known.includes(line + 2))
    .map((line) => `${path}:${line + 1}: @${name} marks no function`);
}

/**
 * Checks the transforms' marks and names against the sources.
 * @param {ReadonlyMap<string, string>} files the texts of all files, by path
 * @param {Partial<typeof places>} [names] the tables
 * @returns {string[]} one line for each mark or name that nothing has
 */
export function checkPlaces(files, names = places) {
  const sources = [...files].filter(([path]) => /^assembly\/.*\.ts$/.test(path));
  const problems = sources.flatMap(([path, text]) =>
    Object.entries(places.MARKS).flatMap((mark) => strayMarks(path, text, mark)),
  );
  for (const table of /** @type {const} */ (["JOURNALED", "NOT_JOURNALED", "THREADED", "FILES"])) {
    for (const place of names[table] ?? []) {
      const exists = place.endsWith("/")
        ? sources.some(([path]) => path.startsWith(`assembly/${place}`))
        : files.has(`assembly/${place}.ts`);
      if (!exists) problems.push(`tools/places.mjs: ${table}: assembly/${place} does not exist`);
    }
  }
  return problems;
}

// The transforms of the build find code by names (tools/places.mjs): each name must be that of
// something, or a function that was moved would no longer be treated as it must be.

import ts from "typescript";
import * as places from "../places.mjs";
import { parse } from "./imports.mjs";

/**
 * asc's names for the functions of a file: "assembly/kernel/calls/brk/moveBreak".
 * @param {string} path
 * @param {string} text
 * @returns {string[]}
 */
function functionsIn(path, text) {
  return parse(path, text)
    .statements.filter((one) => ts.isFunctionDeclaration(one))
    .map(({ name }) => `${path.replace(/\.ts$/, "")}/${name?.text ?? ""}`);
}

/**
 * Checks the transforms' names against the sources.
 * @param {ReadonlyMap<string, string>} files the texts of all files, by path
 * @param {Partial<typeof places>} [names] the tables
 * @returns {string[]} one line for each name that nothing has
 */
export function checkPlaces(files, names = places) {
  const sources = [...files].filter(([path]) => /^assembly\/.*\.ts$/.test(path));
  const functions = sources.flatMap(([path, text]) => functionsIn(path, text));
  const problems = [];
  for (const pattern of names.OUT_OF_LINE ?? []) {
    if (!functions.some((name) => name.endsWith(pattern.slice(1))))
      problems.push(`tools/places.mjs: OUT_OF_LINE: no function is ${pattern}`);
  }
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

// How the house stands, in numbers: files, lengths of functions and files, rings, imports between
// folders, numbers that are typed in twice. For comparing one state of the project with another.
//
//   node tools/census.mjs [FOLDER]     the project's folder; this checkout's by default

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { markdownTable } from "markdown-table";
import { quantileSorted } from "simple-statistics";
import ts from "typescript";

import { checkConstants } from "./tidy/constants.mjs";
import { parse } from "./tidy/imports.mjs";
import { checkRings, linksOf } from "./tidy/rings.mjs";

const ROOTS = ["assembly", "src", "bench", "tools"];
const CODE = /\.(ts|mjs)$/;
const GENERATED = "src/layout/generated.ts";

/** @param {string} folder @returns {Map<string, string>} texts of the code under version control */
function sourcesOf(folder) {
  const listed = execFileSync("git", ["ls-files", ...ROOTS], { cwd: folder, encoding: "utf8" });
  const paths = listed.split("\n").filter((path) => CODE.test(path) && path !== GENERATED);
  return new Map(paths.map((path) => [path, readFileSync(join(folder, path), "utf8")]));
}

/** @param {string} text @param {number} position */
const lineAt = (text, position) => text.slice(0, position).split("\n").length;

/**
 * The lengths of a file's functions, lines.
 * @param {string} path @param {string} text @returns {number[]}
 */
function functionLengths(path, text) {
  /** @type {number[]} */
  const lengths = [];
  const source = parse(path, text);
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isFunctionLike(node) && "body" in node && node.body && ts.isBlock(node.body))
      lengths.push(lineAt(text, node.getEnd()) - lineAt(text, node.getStart()) + 1);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return lengths;
}

/**
 * Imports that leave a file's folder.
 * @param {ReadonlyMap<string, { values: Set<string> }>} links
 */
function betweenFolders(links) {
  let count = 0;
  for (const [from, targets] of links)
    for (const to of targets.values) if (posix.dirname(to) !== posix.dirname(from)) count++;
  return count;
}

/** @param {number[]} lengths @returns {string} median / 90 % / longest */
function spread(lengths) {
  const sorted = lengths.sort((a, b) => a - b);
  if (sorted.length === 0) return "-";
  const [median, most] = [0.5, 0.9].map((part) => Math.round(quantileSorted(sorted, part)));
  return `${median} / ${most} / ${sorted.at(-1)}`;
}

const folder = process.argv[2] ?? fileURLToPath(new URL("..", import.meta.url));
const all = sourcesOf(folder);
const rows = [...ROOTS, "together"].map((root) => {
  const files =
    root === "together" ? all : new Map([...all].filter(([path]) => path.startsWith(`${root}/`)));
  const links = linksOf(files);
  const texts = [...files];
  return [
    root,
    String(files.size),
    spread(texts.map(([, text]) => text.split("\n").length - 1)),
    spread(texts.flatMap(([path, text]) => functionLengths(path, text))),
    String(checkRings(links).length),
    String(betweenFolders(links)),
    String(checkConstants(files).length),
  ];
});
const head = ["", "files", "file, lines", "function, lines", "rings", "imports", "twice"];
console.log(markdownTable([head, ...rows], { align: ["l", "r", "r", "r", "r", "r", "r"] }));
console.log("\nlengths: median / 90 % / longest; imports: out of the own folder; twice: constants");

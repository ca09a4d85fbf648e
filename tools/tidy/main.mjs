// The project's own rules that no off-the-shelf linter knows: layers, no rings of files, no dead
// ones, no constant typed in twice, what AssemblyScript sources may contain, names that the build's
// transforms know, file lengths, columns, no leftovers. Prints every problem and exits 1, or says
// how many files are tidy. ESLint checks function lengths.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkAssembly } from "./assembly.mjs";
import { checkComments, checkDocument, checkLines } from "./columns.mjs";
import { checkConstants, checkMarks } from "./constants.mjs";
import { checkLadders, checkLayers } from "./layers.mjs";
import { checkPlaces } from "./places.mjs";
import { checkRealms } from "./realms.mjs";
import { checkDead, checkRings, entriesOf, linksOf } from "./rings.mjs";

const MAX_LINES = 400;
const FOLDERS = ["assembly", "bench", "explorer", "site", "src", "tests", "tools"];
/** What is installed, made, or no matter of ours. */
const LEFT_OUT = /^\.|^(build|dist|node_modules)$/;
const CODE = /\.(tsx?|mjs|cjs|js|vue|css|c|h|sh)$/;
/** Where no line at all is too long, whatever it has. */
const NARROW = /^(explorer\/tours|site)\//;
const GENERATED = new Set(["src/layout/generated.ts"]);
// Put together so that this very file has none.
const LEFTOVER = new RegExp(`\\b(${"FIX"}ME|${"XX"}X)\\b`);

/**
 * @param {string} folder
 * @returns {string[]} the paths of all files in it, relative to it
 */
function filesIn(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !LEFT_OUT.test(name))
    .flatMap((entry) => {
      if (!entry.isDirectory()) return entry.isFile() ? [entry.name] : [];
      return filesIn(join(folder, entry.name)).map((path) => `${entry.name}/${path}`);
    });
}

/**
 * The files that there are rules for.
 * @param {string} root the project's folder
 * @returns {{ code: string[], documents: string[] }} paths, relative, with forward slashes
 */
function filesOf(root) {
  const paths = filesIn(root).sort();
  return {
    code: paths.filter(
      (path) =>
        FOLDERS.includes(path.split("/", 1)[0] ?? "") && CODE.test(path) && !GENERATED.has(path),
    ),
    documents: paths.filter((path) => path.endsWith(".md")),
  };
}

/**
 * Checks one file against every rule that applies to it.
 * @param {string} path relative to the project, with forward slashes
 * @param {string} text its content
 * @returns {string[]} one line per problem
 */
export function checkFile(path, text) {
  const problems = [];
  const lines = text.split("\n");
  const count = lines.at(-1) === "" ? lines.length - 1 : lines.length;
  if (count > MAX_LINES) problems.push(`${path}: ${count} lines, at most ${MAX_LINES}`);
  lines.forEach((line, index) => {
    if (LEFTOVER.test(line)) problems.push(`${path}:${index + 1}: leftover: ${line.trim()}`);
  });
  problems.push(...(NARROW.test(path) ? checkLines(path, text) : checkComments(path, text)));
  if (path.startsWith("assembly/"))
    problems.push(...checkAssembly(path, text), ...checkMarks(path, text));
  if (/\.tsx?$/.test(path)) problems.push(...checkLayers(path, text));
  if (/^src\/.*\.ts$/.test(path)) problems.push(...checkRealms(path, text));
  return problems;
}

/**
 * Checks the whole project.
 * @param {string} root the project's folder
 * @returns {{ files: number, problems: string[] }}
 */
export function checkProject(root) {
  const { code, documents } = filesOf(root);
  const read = (/** @type {string} */ path) => readFileSync(join(root, path), "utf8");
  const files = new Map(code.map((path) => [path, read(path)]));
  const links = linksOf(files);
  const problems = [
    ...[...files].flatMap(([path, text]) => checkFile(path, text)),
    ...checkRings(links),
    ...checkDead(links, entriesOf(root)),
    ...checkConstants(files),
    ...checkPlaces(files),
    ...checkLadders(read("ARCHITECTURE.md")),
    ...documents.flatMap((path) => checkDocument(path, read(path))),
  ];
  return { files: files.size + documents.length, problems };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { files, problems } = checkProject(fileURLToPath(new URL("../..", import.meta.url)));
  for (const problem of problems) console.error(problem);
  console.log(problems.length === 0 ? `tidy: ${files} files` : `tidy: ${problems.length} problems`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}

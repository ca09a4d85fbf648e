// The licence texts of the packages whose code is bundled into dist/, from node_modules.

import { readFileSync, readdirSync } from "node:fs";

/** Packages that come without the text, and the one of the same authors that has it. */
const TEXT_OF = { "@assemblyscript/loader": "assemblyscript" };

/** The folder of the package that a module is from; undefined for one of ours. */
function packageOf(id) {
  return /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1];
}

/** The texts of a package: its licence, and the notices that it asks to be kept. */
function textsIn(folder) {
  const names = readdirSync(folder).filter((name) => /^(licen[cs]e|copying|notice)\b/i.test(name));
  return names.sort().map((name) => readFileSync(`${folder}/${name}`, "utf8").trim());
}

/**
 * @param {string} root the project's folder
 * @param {readonly { moduleIds?: readonly string[] }[]} chunks what Rollup made
 * @returns {string} one file's text: each package with version, licence and texts
 * @throws Error for a package without a licence text
 */
export function licenceTexts(root, chunks) {
  const folders = new Set(chunks.flatMap(({ moduleIds }) => (moduleIds ?? []).map(packageOf)));
  folders.delete(undefined);
  /** Names of packages, by the text that they share. */
  const named = new Map();
  for (const folder of folders) {
    const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
    const borrowed = TEXT_OF[name];
    const texts = textsIn(borrowed === undefined ? folder : `${root}node_modules/${borrowed}`);
    if (texts.length === 0) throw new Error(`${name} ${version} comes without a licence text`);
    const text = texts.join("\n\n");
    named.set(text, (named.get(text) ?? new Set()).add(`${name} ${version} (${license})`));
  }
  const parts = [...named].map(([text, names]) => `${[...names].sort().join("\n")}\n\n${text}\n`);
  const rule = `\n${"-".repeat(80)}\n\n`;
  const head = "Code of these packages is bundled into the files beside this one.\n";
  return [head, ...parts.sort()].join(rule);
}

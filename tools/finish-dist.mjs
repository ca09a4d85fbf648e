// The last step of `npm run build:ts`: puts binaries into the compiled modules of dist/inlined/, as text, and AssemblyScript's loader beside them.

import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from "node:fs";
import { fileURLToPath } from "node:url";

import { inlinable } from "../dist/host/inlined.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const PLACE = "export const text = undefined;";

for (const file of readdirSync(`${root}dist/inlined`).filter((name) => name.endsWith(".js"))) {
  const path = `${root}dist/inlined/${file}`;
  const source = readFileSync(path, "utf8");
  if (!source.includes(PLACE)) throw new Error(`${path}: there is no "${PLACE}"`);
  const binary = readFileSync(`${root}build/${file.replace("-", ".").replace(/js$/, "wasm")}`);
  writeFileSync(
    path,
    source.replace(PLACE, () => `export const text = "${inlinable(binary)}";`),
  );
}

// Entries import no package: a page can use them without an import map.
const loader = `${root}node_modules/@assemblyscript/loader`;
const { version, license } = JSON.parse(readFileSync(`${loader}/package.json`, "utf8"));
mkdirSync(`${root}dist/vendor`, { recursive: true });
copyFileSync(
  `${root}node_modules/assemblyscript/LICENSE`,
  `${root}dist/vendor/assemblyscript-loader.LICENSE`,
);
writeFileSync(
  `${root}dist/vendor/assemblyscript-loader.js`,
  `// @assemblyscript/loader ${version}, ${license}: see assemblyscript-loader.LICENSE.\n${readFileSync(`${loader}/index.js`, "utf8")}`,
);
const user = `${root}dist/host/loader.js`;
const SPECIFIER = '"@assemblyscript/loader"';
const text = readFileSync(user, "utf8");
if (!text.includes(SPECIFIER)) throw new Error(`${user}: does not import ${SPECIFIER}`);
writeFileSync(user, text.replace(SPECIFIER, '"../vendor/assemblyscript-loader.js"'));

// A checkout's node_modules/.bin leads here.
chmodSync(`${root}dist/cli/main.js`, 0o755);

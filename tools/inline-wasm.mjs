// Puts binaries into the compiled modules of dist/inlined/, in base64: the last step of `npm run build:ts`.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const PLACE = "export const base64 = undefined;";

for (const file of readdirSync(`${root}dist/inlined`).filter((name) => name.endsWith(".js"))) {
  const path = `${root}dist/inlined/${file}`;
  const source = readFileSync(path, "utf8");
  if (!source.includes(PLACE)) throw new Error(`${path}: there is no "${PLACE}"`);
  const binary = readFileSync(`${root}build/${file.replace("-", ".").replace(/js$/, "wasm")}`);
  writeFileSync(
    path,
    source.replace(PLACE, `export const base64 = "${binary.toString("base64")}";`),
  );
}

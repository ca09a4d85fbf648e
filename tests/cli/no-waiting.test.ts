/** Commands start processes without waiting for a compilation, which hangs Node 20 at times. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";

const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
/** Compilations that never end, as in https://github.com/nodejs/node/issues/54918. */
const STUCK = `data:text/javascript,for (const name of ["compile", "instantiate"])
  WebAssembly[name] = () => new Promise(() => {});`;
let folder: string;
let trace: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "no-waiting-"));
  trace = join(folder, "t.rep");
  writeFileSync(trace, "0\n2\n5\n1\na 0 24\nt 1\na 1 24\nf 0\nx 1\nt 0\nr 1 200000\nf 1\n");
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

it.each([
  ["replay", "--repeat", "1", "TRACE", "TRACE", "TRACE"],
  ["replay", "--addresses", "-", "TRACE"],
  ["maps", "TRACE"],
  ["smaps", "TRACE"],
  ["mm", "TRACE"],
  ["strace", "replay", "TRACE"],
])("%s %s", (...args) => {
  const given = args.map((arg) => (arg === "TRACE" ? trace : arg));
  const run = spawnSync(process.execPath, ["--import", STUCK, MAIN, ...given], {
    encoding: "utf8",
    timeout: 60_000,
  });
  expect({ status: run.status, stderr: run.stderr }).toEqual({ status: 0, stderr: "" });
  expect(run.stdout).not.toBe("");
});

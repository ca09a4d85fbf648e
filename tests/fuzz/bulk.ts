// What the bulk fuzzer and the smoke test share: one seed, one layout, one output.

import { createHash } from "node:crypto";
import type { Abi } from "../../src/layout/address.js";
import { runScript } from "../oracle/script-runner.js";
import { generate } from "./generate.js";

/** The first 64 bits of an output's SHA-256, hexadecimal. */
export function digest(output: string): string {
  return createHash("sha256").update(output).digest("hex").slice(0, 16);
}

/**
 * Runs a seed's script on the WebAssembly side.
 * @param more tunables to set on top of the script's own
 */
export function runSeed(seed: number, abi: Abi, more = ""): string {
  const { tunables, body } = generate(seed);
  return runScript(body, abi, { tunables: [tunables, more].filter(Boolean).join(":") });
}

export { agrees, generateCorrupt, meaningfulLines } from "./corrupt.js";
export { generate, runScript };

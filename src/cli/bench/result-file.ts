// Results in files: read, and checked before anything is made of them.

import * as v from "valibot";
import { readInput } from "../inputs.js";
import { UserError, type CliIo } from "../io.js";
import { RESULT_VERSION, type BenchResult } from "./result.js";
import { resultSchema } from "./result-schema.js";

/**
 * Reads a result that `bench --json` wrote.
 *
 * @param file a path; "-" is standard input
 * @throws UserError for what cannot be read, is no such result, or one of another version
 */
export async function readResult(file: string, io: CliIo): Promise<BenchResult> {
  const { name, bytes } = await readInput(file, io);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new UserError(`${name}: not JSON (${(error as Error).message})`);
  }
  return checkedResult(value, name);
}

/** @throws UserError where a value is no result, with the place and the rule */
export function checkedResult(value: unknown, name: string): BenchResult {
  const { format, version } = (value ?? {}) as Partial<Record<string, unknown>>;
  if (format !== "ptmalloc-wasm bench")
    throw new UserError(
      `${name}: not a result of ptmalloc-wasm bench (format is ${JSON.stringify(format)})`,
    );
  if (version !== RESULT_VERSION)
    throw new UserError(
      `${name}: version ${JSON.stringify(version)} of the format; ${RESULT_VERSION} is needed`,
    );
  const parsed = v.safeParse(resultSchema, value, { abortEarly: true });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new UserError(`${name}: ${v.getDotPath(issue) ?? "the file"}: ${issue.message}`);
  }
  checkLinks(parsed.output, name);
  return parsed.output;
}

/** What the schema cannot say: names that lead to others, and lists of one length. */
function checkLinks({ contestants, traces }: BenchResult, name: string): void {
  const known = new Set(contestants.map((one) => one.name));
  const fail = (place: string, rule: string): never => {
    throw new UserError(`${name}: ${place}: ${rule}`);
  };
  if (known.size < contestants.length) fail("contestants", "two have the same name");
  if (new Set(traces.map((one) => one.name)).size < traces.length)
    fail("traces", "two have the same name");
  traces.forEach((trace, t) => {
    const place = `traces.${t}`;
    const { length } = trace.places;
    if (trace.liveBytes.length !== length) fail(`${place}.liveBytes`, `${length} are needed`);
    trace.heaps.forEach(({ contestant, heldBytes, failure, warm, cold, latency }, h) => {
      const at = `${place}.heaps.${h}`;
      if (!known.has(contestant)) fail(`${at}.contestant`, `"${contestant}" is not listed`);
      if (failure === null && heldBytes !== null && heldBytes.length !== length)
        fail(`${at}.heldBytes`, `${length} are needed, one a place`);
      if (failure === null && cold.length + warm.length === 0)
        fail(at, "neither samples nor a failure");
      if (latency !== null && latency.cdf.shares.length !== latency.cdf.nanoseconds.length)
        fail(`${at}.latency.cdf`, "shares and nanoseconds differ in length");
    });
  });
}

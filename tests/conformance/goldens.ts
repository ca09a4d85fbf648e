// Reads the goldens of native glibc; see tests/golden/README.md for their format.

import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { Abi } from "../../src/layout/address.js";
import { parseTrace } from "../../src/trace/parse.js";
import type { Trace } from "../../src/trace/trace.js";
import { GOLDEN_GLIBCS } from "../support/glibcs.js";

/** What native glibc did with one trace, under some tunables. */
export interface Golden {
  /** `lua`, or with tunables `lua@pad0`. */
  readonly name: string;
  readonly abi: Abi;
  /** Where goldens of its glibc are. */
  readonly root: URL;
  /** As in GLIBC_TUNABLES; empty for none. */
  readonly tunables: string;
  readonly ops: number;
  /** The address log has the operations whose index is a multiple of this. */
  readonly sample: number;
  readonly addressHash: string;
  readonly addressAndSizeHash: string;
  readonly lines: number;
  /** The final info line. */
  readonly info: string;
}

const TRACES = new URL("../../traces/", import.meta.url);
const traces = new Map<string, Trace>();

/** @returns all goldens of a layout, sorted by name */
export function goldensOf(abi: Abi, root = GOLDEN_GLIBCS[0]!.root): Golden[] {
  const names = readdirSync(new URL(`${abi}/`, root)).filter((name) => name.endsWith(".hash"));
  return names.sort().map((name) => readGolden(abi, name.slice(0, -".hash".length), root));
}

/** @returns the trace that a golden is of; read once */
export function traceOf(golden: Golden): Trace {
  const name = golden.name.replace(/@.*/, "");
  let trace = traces.get(name);
  if (trace === undefined) {
    trace = parseTrace(unzip(`${name}.rep.gz`, TRACES), name);
    traces.set(name, trace);
  }
  return trace;
}

/** @returns the recorded lines of the address log, the info line included */
export function sampledLines(golden: Golden): string {
  return unzip(`${golden.abi}/${golden.name}.addr.gz`, golden.root).toString("latin1");
}

function readGolden(abi: Abi, name: string, root: URL): Golden {
  const text = readFileSync(new URL(`${abi}/${name}.hash`, root), "latin1");
  const field = (pattern: RegExp): string => {
    const found = pattern.exec(text)?.[1];
    if (found === undefined) throw new Error(`${abi}/${name}.hash: no ${pattern.source}`);
    return found;
  };
  const tunables = field(/^tunables (.*)$/m);
  return {
    name,
    abi,
    root,
    tunables: tunables === "-" ? "" : tunables,
    ops: Number(field(/^ops (\d+)$/m)),
    sample: Number(field(/^sample (\d+)$/m)),
    addressHash: field(/^hash addr=([0-9a-f]{16}) /m),
    addressAndSizeHash: field(/ addr\+size=([0-9a-f]{16}) /m),
    lines: Number(field(/ lines=(\d+)$/m)),
    info: field(/^(info .*)$/m),
  };
}

function unzip(path: string, root: URL): Buffer {
  return gunzipSync(readFileSync(new URL(path, root)));
}

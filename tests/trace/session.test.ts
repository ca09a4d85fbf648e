// The loop that is measured, inside WebAssembly, does with a trace what the player does, whose
// addresses the goldens have: the processes are the same afterwards, byte for byte.

import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Abi } from "../../src/layout/address.js";
import { layouts } from "../../src/layout/generated.js";
import { parseTrace } from "../../src/trace/parse.js";
import { planTrace, startSession } from "../../src/trace/session.js";
import type { Trace } from "../../src/trace/trace.js";
import { sampled } from "../support/campaign.js";

const TRACES = new URL("../../traces/", import.meta.url);
const names = readdirSync(TRACES, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".rep.gz"))
  .sort();

/** Every meaning that the recordings may lack. */
const EDGES = `a 0 24\nr 0 18446744073709551615\nc 1 4294967296 4294967296\nc 2 3 8
m 3 4096 100\nr 4 50\nr 4 0\nr 4 60\na 0 70\na -1 80\nr -1 90\nf -1\nf 9\nt 1\na 5 10\nx 1\nt 0
f 5\nf 0\n`;

function traceOf(name: string): Trace {
  const bytes =
    name === "edges"
      ? new TextEncoder().encode(EDGES)
      : gunzipSync(readFileSync(new URL(name, TRACES)));
  return parseTrace(bytes, name);
}

/**
 * The process's memory from its base on, by the loop or by the player; and the blocks by slot.
 * Mappings lie close to the heap, so that the memory is small enough to compare.
 */
function playedBy(who: "loop" | "player", trace: Trace, abi: Abi): [Uint8Array, number[]] {
  const session = startSession(trace, { abi, layout: "compact" });
  const { blocks, base } = planTrace(trace, abi, layouts[abi].Op);
  const player = who === "player" ? session.player() : undefined;
  if (player) player.to();
  else session.run();
  const perSlot = abi === "ilp32" ? 1 : 2;
  const table = Array.from({ length: trace.slots }, (_, slot) =>
    player ? player.block(slot) : session.words[blocks / 4 + slot * perSlot]!,
  );
  return [new Uint8Array(session.words.buffer, base), table];
}

describe.each(["ilp32", "lp64"] as const)("the loop and the player, %s", (abi) => {
  it.each(["edges", ...sampled(names, 3)])("%s", (name) => {
    const trace = traceOf(name);
    const [loop, blocksOfLoop] = playedBy("loop", trace, abi);
    const [player, blocksOfPlayer] = playedBy("player", trace, abi);
    expect(blocksOfLoop.join()).toBe(blocksOfPlayer.join());
    expect(Buffer.compare(loop, player)).toBe(0);
  });
});

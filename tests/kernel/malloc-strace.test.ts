import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { playerIn, startMachine } from "../../src/cli/machine.js";
import { parseTrace } from "../../src/trace/parse.js";
import { golden } from "./support/texts.js";
import { normalise } from "./support/normalise.js";

/**
 * What native malloc asked of Linux, by trace: the first line sets the break where the heap begins.
 */
function recordings(abi: string): [name: string, lines: string[]][] {
  const parts = golden(`malloc.${abi}`).split(/^== (.*)\n/m);
  return parts.flatMap((name, i) =>
    i % 2 === 1 ? [[name, (parts[i + 1] ?? "").trimEnd().split("\n")]] : [],
  );
}

describe.each(["ilp32", "lp64"] as const)("what malloc asks of the kernel, %s", (abi) => {
  it.each(recordings(abi))("%s: as under native glibc", (name, lines) => {
    const path = fileURLToPath(new URL(`../../traces/${name}.rep.gz`, import.meta.url));
    const trace = parseTrace(gunzipSync(readFileSync(path)), name);
    // Native mappings go downwards.
    const kernel = startMachine({ abi, layout: "top-down" });
    const log = kernel.startStrace();
    playerIn(kernel, trace, false).to();
    kernel.stopStrace();
    const [begin = "", ...native] = lines;
    const startBrk = Number(/= (0x\w+)$/.exec(begin)![1]);
    // Where the break is, native malloc knows already.
    const ours = log.lines.filter((line) => !line.startsWith("brk(NULL)"));
    expect(log.lines.length - ours.length).toBeLessThanOrEqual(1);
    expect(normalise(ours, kernel.mm.startBrk)).toEqual(normalise(native, startBrk));
  });
});

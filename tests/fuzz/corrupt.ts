// Random heap scripts in which a program damages its heap: header words, list links and tcache
// entries of live and freed blocks are overwritten with values that look right. What glibc notices,
// when, and in which words must be the same here.

import type { Prng } from "../support/prng.js";
import { Generator, HEAP_THEMES, randomTunables } from "./generate.js";
import type { FuzzScript } from "./generate.js";

/** A place at or near block `c[i]` that the allocator will look at. */
function place(rng: Prng, block: string): string {
  const next = `${block}+size(${block})`;
  return rng.pick([
    ...[`${block}-W`, `${block}-W`, `${block}-2*W`, block, block, `${block}+W`, `${block}+W`],
    ...[`${block}+2*W`, `${block}+3*W`, `${next}-W`, `${next}-2*W`, "top+W"],
  ]);
}

/**
 * A value that may pass for what was there: sizes for header words (addresses there depend on where
 * things lie), else links.
 */
function forged(rng: Prng, where: string, other: string): string {
  const now = `load(${where})`;
  const numbers = [
    ...[`${now}^1`, `${now}^2`, `${now}^4`, `${now}+16`, `${now}-16`, `${now}+8`, `${now}-8`],
    ...["0", "1", "0x21", "0x31", "0x91", "brk-heap", `${now}*2`],
  ];
  if (/-2?\*?W$|^top/.test(where)) return rng.pick(numbers);
  return rng.pick([
    ...[`${now}+16`, `${now}-16`, `${now}+8`, "0"],
    ...[
      other,
      `${other}-2*W`,
      `${other}+W`,
      `link(${where},${other})`,
      `link(${where},${other}-2*W)`,
    ],
    ...[`link(${where},${other}+8)`, `link(${where},0)`, "bin(1)", `bin(${rng.int(2, 126)})`],
    ...[`fastbin(${rng.int(0, 9)})-2*W`, "load(heap+0x18)", "top", "heap"],
  ]);
}

/**
 * Makes a script that damages its heap now and then.
 * @param seed the same seed makes the same script
 * @param length about how many statements
 * @param glibc the version that it is for: without fast bins there are other bins in their place
 */
export function generateCorrupt(seed: number, length = 250, glibc = "2.36"): FuzzScript {
  const g = new Generator(seed ^ 0x0c0ffee);
  const rng = g.rng;
  const tunables = rng.chance(0.5)
    ? randomTunables(rng).replace(/:?glibc\.malloc\.(mmap_\w+|perturb)=\d+/g, "")
    : "";
  const calm = rng.int(20, length - 100);
  const main = rng.pick(HEAP_THEMES);
  let kept = 0;
  let done = 0;
  while (g.lines.length < length) {
    rng.pick([main, main, rng.pick(HEAP_THEMES)])(g);
    for (; done < g.lines.length; done++) {
      const made = /^(b\[\d+\]) = /.exec(g.lines[done] ?? "");
      // Freed blocks stay known under a second name.
      if (made !== null && kept < 4000) g.lines.splice(++done, 0, `let c[${kept++}] = ${made[1]}`);
    }
    if (g.lines.length < calm || kept === 0 || !rng.chance(0.25)) continue;
    const recent = Math.max(0, kept - 40);
    const where = place(rng, `c[${rng.int(recent, kept - 1)}]`);
    g.lines.push(`poke ${where} ${forged(rng, where, `c[${rng.int(recent, kept - 1)}]`)}`);
    if (rng.chance(0.2)) g.lines.push(`free c[${rng.int(recent, kept - 1)}]`);
  }
  g.lines.push("mallinfo2");
  const body = `${g.lines.join("\n")}\n`;
  return {
    seed,
    tunables: tunables.replace(/^:/, ""),
    body: Number(glibc.slice(2)) < 43 ? body : body.replace(/fastbin\((\d)\)/g, "bin($1+2)"),
  };
}

/**
 * How many lines of native glibc's output mean something: all, or where the process died of
 * touching memory that is not there (which has no counterpart in linear memory, where it may even
 * loop for ever), those before its death.
 */
export function meaningfulLines(native: string): number {
  const lines = native.split("\n").length - 1;
  return /^signal (11|14)$/m.test(native) ? lines - 1 : Infinity;
}

/** Whether an output, cut to native glibc's meaningful lines, is the same. */
export function agrees(ours: string, native: string): boolean {
  const lines = meaningfulLines(native);
  const cut = (text: string): string => text.split("\n").slice(0, lines).join("\n");
  return cut(ours) === cut(native);
}

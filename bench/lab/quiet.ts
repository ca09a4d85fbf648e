// Whether somebody else used the machine while something was measured. Threads that spin for each
// other need all cores they were promised: one busy neighbour and the numbers say nothing.

import { readFileSync } from "node:fs";

/**
 * Processor time, in ticks of the kernel's clock: the whole machine's, and this process's with the
 * children that ended.
 */
interface Ticks {
  readonly machine: number;
  readonly own: number;
}

/** Of a processor, what others may use. A tick is 10 ms and counting is coarse. */
const TOLERATED = 0.15;
const TICKS_PER_SECOND = 100;

/** @returns the counters, or null where there is no Linux to ask */
function ticks(): Ticks | null {
  try {
    const [line] = readFileSync("/proc/stat", "utf8").split("\n");
    // user nice system idle iowait irq softirq steal
    const [user, nice, system, , , irq, softirq, steal] = numbers(line!.replace(/^cpu +/, ""));
    const self = readFileSync("/proc/self/stat", "utf8");
    // What follows the name, which may hold anything, begins with the third field; 14 to 17 are the
    // times.
    const fields = numbers(self.slice(self.lastIndexOf(")") + 2)).slice(11, 15);
    const own = fields.reduce((sum, field) => sum + field, 0);
    return { machine: user! + nice! + system! + irq! + softirq! + steal!, own };
  } catch {
    return null;
  }
}

function numbers(text: string): number[] {
  return text.split(" ").map(Number);
}

/**
 * Measures something, again when it was disturbed, as long as `mayRepeat` says so.
 *
 * @returns what the last time gave, and whether the machine was ours alone (true where nobody can
 *   tell)
 */
export async function undisturbed<T>(
  measure: () => Promise<T>,
  mayRepeat: () => boolean,
): Promise<{ value: T; quiet: boolean }> {
  for (;;) {
    const before = ticks();
    const begin = performance.now();
    const value = await measure();
    const after = ticks();
    if (!before || !after) return { value, quiet: true };
    const others = after.machine - before.machine - (after.own - before.own);
    const passed = ((performance.now() - begin) / 1000) * TICKS_PER_SECOND;
    const quiet = others <= Math.max(TOLERATED * passed, 4);
    if (quiet || !mayRepeat()) return { value, quiet };
  }
}

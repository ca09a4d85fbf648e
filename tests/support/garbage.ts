// The garbage collector, on request.

import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/**
 * Collects until a condition holds: finalizers run some time after the collection.
 * @throws Error when it does not hold after many collections
 */
export async function collectUntil(condition: () => boolean): Promise<void> {
  for (let round = 0; round < 100; round++) {
    collect();
    await sleep(5);
    if (condition()) return;
  }
  throw new Error("the collector did not find it");
}

/** Collects a few times, for what must not happen. */
export async function collectOften(): Promise<void> {
  for (let round = 0; round < 10; round++) {
    collect();
    await sleep(5);
  }
}

// SIGKILL for processes that keep a heap in a file: before every step of an msync of many pages,
// and at random moments. After each kill the file opens, what the last completed msync brought
// there is there, and the checker passes or names the torn block.
//
// More than 200 kills with PTMALLOC_STRESS=full, some 40 in CI, some 25 in `npm test`:
//   PTMALLOC_STRESS=full npx vitest run tests/image/image-kill.test.ts

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { campaign, isFull } from "../support/campaign.js";
import { Prng } from "../support/prng.js";
import { SEED, abis } from "./support.js";
import { Tally, Victim, type ChildPlan } from "./image-kill.js";

const TIMEOUT = 600_000;
const folder = mkdtempSync(join(tmpdir(), "ptmalloc-image-"));
const tally = new Tally();
const moments: string[] = [];

function planFor(name: string, changes: Partial<ChildPlan>): ChildPlan {
  const plan = { abi: "ilp32", seed: SEED, every: 4, crashAt: 0, sync: "none", journal: true };
  return { ...plan, path: join(folder, name), ...changes } as ChildPlan;
}

afterAll(() => {
  rmSync(folder, { recursive: true });
  console.log(`image-kill, seed ${SEED}: ${tally.summary()}\n  steps: ${moments.join("; ")}`);
});

/**
 * Kills before every step; with more than `most` of them before some, the first, the last, and
 * those around the moment of the change.
 */
async function killAtSteps(name: string, plan: ChildPlan, ops: number, most: number) {
  const victim = new Victim(plan, ops, tally);
  const { count, commit } = victim.steps();
  const stride = Math.max(1, Math.ceil(count / most));
  let killed = 0;
  for (let step = 1; step <= count; step++) {
    if (step % stride !== 0 && ![1, commit, commit + 1, count].includes(step)) continue;
    await victim.killAtStep(step, commit);
    killed++;
  }
  moments.push(`${name}: ${killed} of ${count}`);
  return { count, killed };
}

describe.each(abis)("%s", (abi) => {
  it("killed before the steps of an msync of many pages", { timeout: TIMEOUT }, async () => {
    // In CI every step of a small msync in one layout, some in the other.
    const most =
      abi === "ilp32" ? campaign({ short: 6, ci: 24, full: Infinity }) : isFull ? Infinity : 3;
    const plan = planFor(`steps-${abi}`, { abi, sync: "full", every: isFull ? 6 : 2 });
    const { count } = await killAtSteps(abi, plan, isFull ? 282 : 64, most);
    expect(count).toBeGreaterThan(isFull ? 30 : 8);
  });

  it("killed at random moments", { timeout: TIMEOUT }, async () => {
    const random = new Prng(SEED + abis.indexOf(abi));
    const kills = campaign({ short: 2, ci: 4, full: 30 });
    for (const sync of ["none", "full"] as const) {
      const plan = planFor(`random-${abi}-${sync}`, { abi, sync, every: 3 });
      const victim = new Victim(plan, 30, tally);
      for (let kill = 0; kill < kills; kill++) await victim.killAtRandom(random.int(0, 40));
    }
  });

  it("without a journal: the checker passes or names the block", { timeout: TIMEOUT }, async () => {
    const torn = tally.torn;
    const plan = planFor(`inplace-${abi}`, { abi, journal: false, every: 5 });
    await killAtSteps(`${abi} without a journal`, plan, 280, isFull ? Infinity : 2);
    if (isFull) expect(tally.torn).toBeGreaterThan(torn);
  });
});

it("there were as many kills as there should be", () => {
  expect(tally.atSteps + tally.atRandom).toBeGreaterThanOrEqual(
    campaign({ short: 20, ci: 30, full: 200 }),
  );
  expect(tally.recoveries).toBeGreaterThan(0);
});

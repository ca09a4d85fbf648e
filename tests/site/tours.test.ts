// The tours: what a step says of its heap is what a real process prints.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { inflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { TOURS, type Step } from "../../explorer/tours/index.js";
import { hashOf } from "../../explorer/tours/links.mjs";
import { picturesOf } from "../../site/tours/pictures.js";
import { play } from "../../site/tours/scene.js";
import { run } from "../cli/run.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const claims = readFileSync(`${root}docs/claims.md`, "utf8");

describe.each(TOURS)("the tour $id", ({ id, steps }) => {
  it("has steps with names of their own", () => {
    expect(new Set(steps.map((step) => step.id)).size).toBe(steps.length);
    expect(steps.length).toBeGreaterThan(id === "aborts" ? 9 : 13);
  });

  it.each(steps)("$id: the heap says what the step says", (step) => {
    const scene = play(step, root);
    for (const fact of step.facts) expect(scene.output).toContain(fact);
    const pictures = picturesOf(step, scene);
    for (const picture of pictures) expect(picture).toMatch(/^<svg.*<\/svg>$/);
    expect(step.question).toMatch(/\?$/);
    if (step.picture !== "abort") return;
    // The values that the check looked at are drawn.
    const { failure } = scene.verdict!;
    expect(failure!.values.length).toBeGreaterThan(0);
    for (const { value } of failure!.values) expect(pictures[1]).toContain(value);
  });

  it.each(steps.filter(({ claim }) => claim !== undefined))("$id: names a claim", ({ claim }) => {
    expect(claims).toContain(`\n| ${claim} | `);
  });
});

/** The calls that the link of a step has. */
function linkedCalls(step: Step): string {
  const script = new URLSearchParams(hashOf(step)).get("script");
  return inflateRawSync(Buffer.from(script!, "base64url")).toString();
}

describe("links into the explorer", () => {
  it("name the recording and the moment of a trace", () => {
    const step = TOURS[0]!.steps.find(({ ground }) => ground.kind === "trace")!;
    expect(hashOf(step)).toBe("trace=git-grep&at=5000&view=space");
  });

  const scripted = TOURS.flatMap(({ steps }) => steps).filter(
    ({ ground }) => ground.kind !== "trace",
  );
  it.each(scripted)("$id: the calls run as they are", async (step) => {
    const calls = linkedCalls(step);
    expect(calls).not.toBe("");
    const { code, stderr } = await run(["strace", "script", "-"], calls);
    expect(stderr).toBe("");
    expect(code).toBe(0);
  });
});

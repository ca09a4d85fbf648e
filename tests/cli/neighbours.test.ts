import { expect, it } from "vitest";
import { neighboursText, watchNeighbours } from "../../src/cli/replay/neighbours.js";

it("says what others did, in processors", () => {
  const stop = watchNeighbours();
  const { others, stolen, load, isBusy } = stop();
  for (const value of [others, stolen, load]) expect(value).toBeGreaterThanOrEqual(0);
  expect(isBusy).toBe(others + stolen > 0.25);
});

it("warns of a busy machine only", () => {
  const quiet = { others: 0.1, stolen: 0, load: 1, isBusy: false };
  expect(neighboursText(quiet)).toBe("");
  expect(neighboursText({ others: 1.53, stolen: 0.21, load: 5.6, isBusy: true })).toMatch(
    /^The machine was busy: other programs had 1\.5 and its host 0\.2 of its \d+ processors meanwhile \(load 5\.6\)\. /,
  );
});

// One sentence that says what one sees.

import { formatBytes, formatCount } from "../model/format.js";
import type { Survey } from "../model/types.js";
import type { Moments } from "./moments.js";

/** @returns the sentence for what was opened */
export function sentenceOf({ kind, title, machine }: Moments, survey: Survey): string {
  const bits = `${machine.abi === "ilp32" ? "32" : "64"}-bit`;
  const heap = `glibc ${machine.glibc}'s heap (${bits})`;
  if (kind === "trace") {
    const peak = survey.live.reduce((most, bytes) => Math.max(most, bytes), 0);
    const calls = `${formatCount(survey.count)} calls that a real program made`;
    return (
      `${heap}, as ${calls} (${title}) left it, at most ${formatBytes(peak)} in use: ` +
      "blue is in use, yellow and green are free, grey is unused."
    );
  }
  if (kind === "live")
    return `A live heap of glibc ${machine.glibc} (${bits}): ${formatCount(survey.count)} calls so far.`;
  if (kind === "attached") return `${heap} of ${title}, which is running somewhere else.`;
  return `${heap}, as it was when ${title} was written.`;
}

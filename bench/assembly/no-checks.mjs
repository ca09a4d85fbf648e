// An asc transform for measurements only: leaves out glibc's integrity checks, that is, every
// statement `if (…) corrupted(…)` without an else. What remains is the same allocator, trusting its
// heap.

import assemblyscript from "assemblyscript";
import { Transform } from "assemblyscript/transform";

const { NodeKind } = assemblyscript;

export default class NoChecksTransform extends Transform {
  afterParse(parser) {
    let removed = 0;
    for (const source of parser.sources) {
      if (source.internalPath.startsWith("~lib")) continue;
      removed += strip(source, new Set());
    }
    if (removed === 0) throw new Error("no-checks: found no checks to leave out");
    process.stderr.write(`no-checks: ${removed} checks left out\n`);
  }
}

/** Removes the checks below `node`. @returns how many */
function strip(node, seen) {
  if (seen.has(node)) return 0;
  seen.add(node);
  let removed = 0;
  for (const [key, value] of Object.entries(node)) {
    if (key === "range" || value === null || typeof value !== "object") continue;
    if (Array.isArray(value)) {
      const kept = value.filter((item) => !isCheck(item));
      removed += value.length - kept.length;
      value.splice(0, value.length, ...kept);
      for (const item of value) if (item && typeof item === "object") removed += strip(item, seen);
    } else removed += strip(value, seen);
  }
  return removed;
}

/** Whether a node is `if (…) corrupted(…)`. */
function isCheck(node) {
  if (node?.kind !== NodeKind.If || node.ifFalse) return false;
  const body = node.ifTrue;
  const call = body.kind === NodeKind.Expression ? body.expression : null;
  return call?.kind === NodeKind.Call && call.expression.text === "corrupted";
}

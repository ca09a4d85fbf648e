// Walks the expressions of a function of Binaryen's and shows every store: for the transforms that
// put something in front of them.

import binaryen from "assemblyscript/binaryen";

/** Calls `visit` for `expression` and everything in it, children first. */
function walk(expression, visit) {
  if (!expression) return;
  for (const child of childrenOf(expression)) walk(child, visit);
  visit(expression);
}

/** Kinds of expressions that a compiled function of ours has, and where their children are. */
const CHILDREN = {
  Block: (e) =>
    range(binaryen._BinaryenBlockGetNumChildren(e), (i) => binaryen._BinaryenBlockGetChildAt(e, i)),
  If: (e) => [
    binaryen._BinaryenIfGetCondition(e),
    binaryen._BinaryenIfGetIfTrue(e),
    binaryen._BinaryenIfGetIfFalse(e),
  ],
  Loop: (e) => [binaryen._BinaryenLoopGetBody(e)],
  Break: (e) => [binaryen._BinaryenBreakGetCondition(e), binaryen._BinaryenBreakGetValue(e)],
  Switch: (e) => [binaryen._BinaryenSwitchGetCondition(e), binaryen._BinaryenSwitchGetValue(e)],
  Call: (e) =>
    range(binaryen._BinaryenCallGetNumOperands(e), (i) => binaryen._BinaryenCallGetOperandAt(e, i)),
  LocalSet: (e) => [binaryen._BinaryenLocalSetGetValue(e)],
  GlobalSet: (e) => [binaryen._BinaryenGlobalSetGetValue(e)],
  Load: (e) => [binaryen._BinaryenLoadGetPtr(e)],
  Store: (e) => [binaryen._BinaryenStoreGetPtr(e), binaryen._BinaryenStoreGetValue(e)],
  AtomicRMW: (e) => [binaryen._BinaryenAtomicRMWGetPtr(e), binaryen._BinaryenAtomicRMWGetValue(e)],
  AtomicCmpxchg: (e) => [
    binaryen._BinaryenAtomicCmpxchgGetPtr(e),
    binaryen._BinaryenAtomicCmpxchgGetExpected(e),
    binaryen._BinaryenAtomicCmpxchgGetReplacement(e),
  ],
  AtomicWait: (e) => [
    binaryen._BinaryenAtomicWaitGetPtr(e),
    binaryen._BinaryenAtomicWaitGetExpected(e),
    binaryen._BinaryenAtomicWaitGetTimeout(e),
  ],
  AtomicNotify: (e) => [
    binaryen._BinaryenAtomicNotifyGetPtr(e),
    binaryen._BinaryenAtomicNotifyGetNotifyCount(e),
  ],
  Unary: (e) => [binaryen._BinaryenUnaryGetValue(e)],
  Binary: (e) => [binaryen._BinaryenBinaryGetLeft(e), binaryen._BinaryenBinaryGetRight(e)],
  Select: (e) => [
    binaryen._BinaryenSelectGetIfTrue(e),
    binaryen._BinaryenSelectGetIfFalse(e),
    binaryen._BinaryenSelectGetCondition(e),
  ],
  Drop: (e) => [binaryen._BinaryenDropGetValue(e)],
  Return: (e) => [binaryen._BinaryenReturnGetValue(e)],
  MemoryGrow: (e) => [binaryen._BinaryenMemoryGrowGetDelta(e)],
  MemoryCopy: (e) => [
    binaryen._BinaryenMemoryCopyGetDest(e),
    binaryen._BinaryenMemoryCopyGetSource(e),
    binaryen._BinaryenMemoryCopyGetSize(e),
  ],
  MemoryFill: (e) => [
    binaryen._BinaryenMemoryFillGetDest(e),
    binaryen._BinaryenMemoryFillGetValue(e),
    binaryen._BinaryenMemoryFillGetSize(e),
  ],
};
const LEAVES = [
  "LocalGet",
  "GlobalGet",
  "Const",
  "Nop",
  "Unreachable",
  "MemorySize",
  "AtomicFence",
];

const idOf = (kind) => binaryen[`_Binaryen${kind}Id`]();
const childrenById = new Map([
  ...Object.entries(CHILDREN).map(([kind, children]) => [idOf(kind), children]),
  ...LEAVES.map((kind) => [idOf(kind), () => []]),
]);

function range(count, at) {
  return Array.from({ length: count }, (_, index) => at(index));
}

function childrenOf(expression) {
  const children = childrenById.get(binaryen._BinaryenExpressionGetId(expression));
  if (children === undefined)
    throw new Error("walk-stores: an expression of a kind that it does not know");
  return children(expression);
}

/** The functions of `module` that have a body and whose name, `folder/file/name`, `isWanted`. */
export function functionsOf(module, isWanted) {
  return range(module.getNumFunctions(), (index) => module.getFunctionByIndex(index))
    .map((ref) => binaryen.getFunctionInfo(ref))
    .filter(({ name, body }) => body !== 0 && isWanted(name));
}

/** Every plain store in `body`. */
export function storesIn(body) {
  return expressionsIn(body, ["Store"]);
}

/** Every expression of these kinds in `body`. */
export function expressionsIn(body, kinds) {
  const ids = kinds.map(idOf);
  const found = [];
  walk(body, (expression) => {
    if (ids.includes(binaryen._BinaryenExpressionGetId(expression))) found.push(expression);
  });
  return found;
}

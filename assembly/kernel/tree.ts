// The region table: all regions in address order, as a balanced tree (AVL). Every node knows where
// its subtree begins and ends and the widest gap between two of its regions, so finding a region,
// entering and removing one, and looking for the lowest or highest gap that fits take a number of
// steps that grows like the logarithm of map_count. Linux had a tree like this until 6.0 and has a
// B-tree with the same answers since. What a region means is region.ts's business.

import { Failure, corrupted } from "../base/failure";
import { isWild, mm } from "./mm";
import { IS_FULL } from "./tier";
import { NO_VMA, Vma } from "./vma";

/** The two sides of a node. */
type Side = usize;
const LEFT: Side = 0;
const RIGHT: Side = 1;
const LINKS: usize = offsetof<Vma>("leftLink");

function child(node: Vma, side: Side): Vma {
  return changetype<Vma>(<usize>load<u32>(changetype<usize>(node) + (side << 2), LINKS));
}

function setChild(node: Vma, side: Side, value: Vma): void {
  store<u32>(changetype<usize>(node) + (side << 2), <u32>changetype<usize>(value), LINKS);
  if (value != NO_VMA) value.parentLink = <u32>changetype<usize>(node);
}

/** A node of a tree of 2^32 nodes would lie higher. */
const MOST_HEIGHT: i32 = 48;

/** Ends the call: what `node` says of its neighbours cannot be. */
function lost(node: Vma): void {
  corrupted(Failure.SEGV_REGIONS, changetype<usize>(node));
}

/**
 * The node under this one on one side, or none. It knows this one, so that no damaged link leads
 * round in a circle.
 * @noinline
 */
function childOf(node: Vma, side: Side): Vma {
  const at = child(node, side);
  if (at != NO_VMA && (isWild(changetype<usize>(at)) || at.parent != node)) lost(node);
  return at;
}

/** The node above this one, or none. Heights rise on the way up. @noinline */
function parentOf(node: Vma): Vma {
  const at = node.parent;
  if (at != NO_VMA && (isWild(changetype<usize>(at)) || at.height <= node.height)) lost(node);
  return at;
}

/** The node above all others, or none. */
function root(): Vma {
  const at = changetype<Vma>(<usize>mm.vmaRoot);
  if (at != NO_VMA && isWild(changetype<usize>(at))) lost(changetype<Vma>(changetype<usize>(mm)));
  return at;
}

/** Puts `value` where `old` hangs: under `parent`, or at the root. */
function replaceChild(parent: Vma, old: Vma, value: Vma): void {
  if (parent != NO_VMA) {
    setChild(parent, parent.right == old ? RIGHT : LEFT, value);
  } else {
    mm.vmaRoot = <u32>changetype<usize>(value);
    if (value != NO_VMA) value.parentLink = 0;
  }
}

function heightOf(node: Vma): i32 {
  return node != NO_VMA ? node.height : 0;
}

/** The free bytes between two addresses; none when the limit is below the lower one. */
function gapBetween(low: usize, high: usize): usize {
  return high > low ? high - low : 0;
}

/**
 * Computes what a node knows about its subtree from its children. Whether anything changed.
 * @noinline
 */
export function refresh(node: Vma): bool {
  const left = node.left;
  const right = node.right;
  let start = node.start;
  let end = node.end;
  let gap: usize = 0;
  if (left != NO_VMA) {
    gap = max(<usize>left.subGap, gapBetween(left.subEnd, start));
    start = left.subStart;
  }
  if (right != NO_VMA) {
    gap = max(max(gap, <usize>right.subGap), gapBetween(end, right.subStart));
    end = right.subEnd;
  }
  const height = max(heightOf(left), heightOf(right)) + 1;
  if (
    node.height == height &&
    node.subStart == <u32>start &&
    node.subEnd == <u32>end &&
    node.subGap == <u32>gap
  )
    return false;
  node.height = height;
  node.subStart = <u32>start;
  node.subEnd = <u32>end;
  node.subGap = <u32>gap;
  return true;
}

/** Lifts the child on `side` above the node. Returns the child. @noinline */
function lift(node: Vma, side: Side): Vma {
  const lifted = child(node, side);
  const parent = node.parent;
  setChild(node, side, child(lifted, side ^ 1));
  replaceChild(parent, node, lifted);
  setChild(lifted, side ^ 1, node);
  refresh(node);
  refresh(lifted);
  return lifted;
}

/**
 * Restores balance and knowledge from `node` up, as far as something changes. To be called when a
 * region's bounds or links changed.
 * @noinline
 */
export function settle(node: Vma): void {
  remember(NO_VMA, 0);
  for (let left = MOST_HEIGHT; node != NO_VMA; left--) {
    if (left == 0) lost(node);
    const tilt = heightOf(node.right) - heightOf(node.left);
    if (tilt > 1 || tilt < -1) {
      const side: Side = tilt > 1 ? RIGHT : LEFT;
      const heavy = child(node, side);
      if (heightOf(child(heavy, side ^ 1)) > heightOf(child(heavy, side))) lift(heavy, side ^ 1);
      node = lift(node, side);
    } else if (!refresh(node)) {
      return;
    }
    node = node.parent;
  }
}

/**
 * The same for two neighbours whose common border moved: from the lower one in the tree up, so that
 * no gap seems to open between them.
 */
export function settleBorder(below: Vma, above: Vma): void {
  settle(below.rightLink == 0 ? below : above);
}

/**
 * Hangs a node into the tree, right behind region `before`, or before all others when that is none.
 * Its range must be free.
 * @noinline
 */
export function link(node: Vma, before: Vma): void {
  let parent = before;
  let side = RIGHT;
  let at = before != NO_VMA ? childOf(before, RIGHT) : root();
  while (at != NO_VMA) {
    parent = at;
    side = LEFT;
    at = childOf(at, LEFT);
  }
  node.leftLink = 0;
  node.rightLink = 0;
  node.parentLink = <u32>changetype<usize>(parent);
  refresh(node);
  if (parent == NO_VMA) mm.vmaRoot = <u32>changetype<usize>(node);
  else setChild(parent, side, node);
  settle(parent);
  remember(node, node.start);
}

/** Takes a node out of the tree. @noinline */
export function unlink(node: Vma): void {
  const parent = node.parent;
  if (node.leftLink == 0 || node.rightLink == 0) {
    replaceChild(parent, node, node.leftLink == 0 ? node.right : node.left);
    settle(parent);
    return;
  }
  // The next one takes its place.
  const heir = next(node);
  let disturbed = heir.parent;
  if (disturbed == node) {
    disturbed = heir;
  } else {
    setChild(disturbed, LEFT, heir.right);
    setChild(heir, RIGHT, node.right);
  }
  setChild(heir, LEFT, node.left);
  replaceChild(parent, node, heir);
  settle(disturbed);
  settle(heir);
}

/** The neighbour of a node on one side, or none. @noinline */
function neighbour(node: Vma, side: Side): Vma {
  let at = childOf(node, side);
  if (at == NO_VMA) return climb(node, side);
  while (child(at, side ^ 1) != NO_VMA) at = childOf(at, side ^ 1);
  return at;
}

/** The region after this one, or none. */
export function next(node: Vma): Vma {
  return neighbour(node, RIGHT);
}

/** The region before this one, or none. */
export function previous(node: Vma): Vma {
  return neighbour(node, LEFT);
}

/**
 * Notes that `region` is what findVma finds from address `from` up to its end, until something
 * changes.
 */
export function remember(region: Vma, from: usize): void {
  if (!IS_FULL) return;
  mm.mmapCache = <u32>changetype<usize>(region);
  mm.mmapCacheFrom = <u32>from;
}

/** The first region that ends above `address` (find_vma), or none. @noinline */
export function findVma(address: usize): Vma {
  // A system call looks for the same region several times, and programs come back to where they
  // were.
  if (IS_FULL) {
    const cached = changetype<Vma>(<usize>mm.mmapCache);
    if (cached != NO_VMA && address >= mm.mmapCacheFrom && address < cached.end) return cached;
  }
  let found = NO_VMA;
  let from: usize = 0;
  let node = root();
  while (node != NO_VMA) {
    if (node.end <= address) {
      from = node.end;
      node = childOf(node, RIGHT);
    } else {
      found = node;
      if (node.start <= address) {
        from = node.start;
        break;
      }
      node = childOf(node, LEFT);
    }
  }
  remember(found, from);
  return found;
}

/** The last region that begins below `address`, or none. @noinline */
export function lastBelow(address: usize): Vma {
  let found = NO_VMA;
  let node = root();
  while (node != NO_VMA) {
    if (node.start < address) {
      found = node;
      node = childOf(node, RIGHT);
    } else {
      node = childOf(node, LEFT);
    }
  }
  return found;
}

/**
 * Whether a subtree, free space before it from `before` on included, has a gap of `length` bytes.
 */
function fitsFrom(tree: Vma, before: usize, length: usize): bool {
  return gapBetween(before, tree.subStart) >= length || <usize>tree.subGap >= length;
}

/** Whether a subtree, free space behind it up to `after` included, has a gap of `length` bytes. */
function fitsUpTo(tree: Vma, after: usize, length: usize): bool {
  return gapBetween(tree.subEnd, after) >= length || <usize>tree.subGap >= length;
}

/** The first ancestor that lies on `side` of the node, or none. @noinline */
function climb(node: Vma, side: Side): Vma {
  let parent = parentOf(node);
  while (parent != NO_VMA && child(parent, side) == node) {
    node = parent;
    parent = parentOf(parent);
  }
  return parent;
}

/**
 * The lowest free range of `length` bytes, at or above `floor` and ending at or below `ceiling`; 0
 * when there is none.
 * @noinline
 */
export function lowestGap(floor: usize, ceiling: usize, length: usize): usize {
  let before = floor;
  let node = findVma(floor);
  // Look at the space before `node`, then at the subtree on its right, then climb.
  while (node != NO_VMA && gapBetween(before, node.start) < length) {
    if (node.end <= before) lost(node);
    before = node.end;
    let tree = childOf(node, RIGHT);
    if (tree != NO_VMA && fitsFrom(tree, before, length)) {
      // It is in there: go down to the node that it lies before.
      while (tree.leftLink != 0 && fitsFrom(tree.left, before, length)) tree = childOf(tree, LEFT);
      if (tree.leftLink != 0) before = tree.left.subEnd;
      node = tree;
    } else {
      if (tree != NO_VMA) before = tree.subEnd;
      node = climb(node, RIGHT);
    }
  }
  return gapBetween(before, ceiling) >= length ? before : 0;
}

/**
 * The start of the highest free range of `length` bytes that ends at or below `ceiling` and begins
 * at or above `floor`, or 0.
 * @noinline
 */
export function highestGap(floor: usize, ceiling: usize, length: usize): usize {
  let node = lastBelow(ceiling);
  let after = ceiling;
  let last = ceiling;
  while (node != NO_VMA && gapBetween(node.end, after) < length) {
    if (node.start >= last) lost(node);
    last = node.start;
    after = node.start;
    let tree = childOf(node, LEFT);
    if (tree != NO_VMA && fitsUpTo(tree, after, length)) {
      while (tree.rightLink != 0 && fitsUpTo(tree.right, after, length))
        tree = childOf(tree, RIGHT);
      if (tree.rightLink != 0) after = tree.right.subStart;
      node = tree;
    } else {
      if (tree != NO_VMA) after = tree.subStart;
      node = climb(node, LEFT);
    }
  }
  return gapBetween(floor, after) >= length ? after - length : 0;
}

// Binary trees, after the benchmarks game: one tree that lives long beside many that do not.

class Tree {
  left: Tree | null = null;
  right: Tree | null = null;

  get nodes(): i32 {
    const left = this.left;
    const right = this.right;
    return 1 + (left ? left.nodes : 0) + (right ? right.nodes : 0);
  }
}

function grow(depth: i32): Tree {
  const tree = new Tree();
  if (depth > 0) {
    tree.left = grow(depth - 1);
    tree.right = grow(depth - 1);
  }
  return tree;
}

/**
 * Trees of depth 4, 6 … up to `depth`, fewer of them the larger they are. How many nodes all of
 * them had.
 */
export function trees(depth: i32): i32 {
  let sum = grow(depth + 1).nodes;
  const longLived = grow(depth);
  for (let d = 4; d <= depth; d += 2) {
    for (let left = 1 << (depth - d + 4); left > 0; left--) sum += grow(d).nodes;
  }
  return sum + longLived.nodes;
}

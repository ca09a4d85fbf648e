// A walk through a script's syntax tree.

/**
 * Shows every node of a tree.
 * @param {object} node as ESTree has it
 * @param {(node: object) => void} see
 */
export function visitNodes(node, see) {
  see(node);
  for (const child of Object.values(node)) {
    if (Array.isArray(child)) {
      for (const one of child) if (typeof one?.type === "string") visitNodes(one, see);
    } else if (typeof child?.type === "string") visitNodes(child, see);
  }
}

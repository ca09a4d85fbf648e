// No `instanceof` with a class that a host or the language has: objects of another realm (Jest,
// node:vm, frames) are no instances of this realm's. Classes that a file declares or imports are
// its own affair. What tells instead is in src/base/realm.ts.

import ts from "typescript";

/**
 * The names that a file declares, in whatever scope, imports included.
 * @param {ts.SourceFile} source
 * @returns {Set<string>}
 */
function declaredNames(source) {
  /** @type {Set<string>} */
  const names = new Set();
  /** @param {ts.Node} node */
  const visit = (node) => {
    const isDeclaration =
      ts.isClassDeclaration(node) ||
      ts.isParameter(node) ||
      ts.isVariableDeclaration(node) ||
      ts.isBindingElement(node) ||
      ts.isImportClause(node) ||
      ts.isImportSpecifier(node) ||
      ts.isNamespaceImport(node);
    if (isDeclaration && node.name !== undefined && ts.isIdentifier(node.name))
      names.add(node.name.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return names;
}

/**
 * The name that an expression such as `WebAssembly.Memory` begins with.
 * @param {ts.Expression} expression
 * @returns {string | undefined}
 */
function firstName(expression) {
  if (ts.isPropertyAccessExpression(expression)) return firstName(expression.expression);
  return ts.isIdentifier(expression) ? expression.text : undefined;
}

/**
 * Checks one source for `instanceof` with classes of the host's.
 * @param {string} path relative to the project
 * @param {string} text its content
 * @returns {string[]} one line per problem
 */
export function checkRealms(path, text) {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const declared = declaredNames(source);
  /** @type {string[]} */
  const problems = [];
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (
      ts.isBinaryExpression(node) &&
      node.operatorToken.kind === ts.SyntaxKind.InstanceOfKeyword &&
      !declared.has(firstName(node.right) ?? "")
    ) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      const of = node.right.getText();
      problems.push(
        `${path}:${line + 1}: instanceof ${of} knows this realm's only: see src/base/realm.ts`,
      );
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return problems;
}

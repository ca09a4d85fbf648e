// What a source says of other files: what it imports, and paths in its texts.

import ts from "typescript";

/** @typedef {{ specifier: string, line: number, isType: boolean }} Import */

/** @param {string} path @param {string} text @returns {ts.SourceFile} */
export function parse(path, text) {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
}

/**
 * Whether an import or a re-export is of types alone.
 * @param {ts.Node} node
 */
function isOfTypes(node) {
  if (ts.isExportDeclaration(node)) {
    const { isTypeOnly, exportClause } = node;
    return isTypeOnly || (exportClause !== undefined && areTypes(exportClause));
  }
  if (!ts.isImportDeclaration(node) || node.importClause === undefined) return false;
  const { isTypeOnly, name, namedBindings } = node.importClause;
  return (
    isTypeOnly || (name === undefined && namedBindings !== undefined && areTypes(namedBindings))
  );
}

/** @param {ts.NamedImportBindings | ts.NamedExportBindings} bindings `{ … }` or `* as name` */
function areTypes(bindings) {
  if (!ts.isNamedImports(bindings) && !ts.isNamedExports(bindings)) return false;
  const { elements } = bindings;
  return elements.length > 0 && elements.every(({ isTypeOnly }) => isTypeOnly);
}

/**
 * The module specifiers that a file imports or re-exports, with their lines.
 * @param {ts.SourceFile} source
 * @returns {Import[]}
 */
export function importsOf(source) {
  /** @type {Import[]} */
  const found = [];
  /** @param {ts.Node} node */
  const visit = (node) => {
    const dynamic =
      ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
    const literal =
      ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
        ? node.moduleSpecifier
        : dynamic
          ? node.arguments[0]
          : undefined;
    if (literal !== undefined && ts.isStringLiteral(literal)) {
      const { line } = source.getLineAndCharacterOfPosition(literal.getStart(source));
      found.push({ specifier: literal.text, line: line + 1, isType: isOfTypes(node) });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/**
 * All texts of a file that are no import's.
 * @param {ts.SourceFile} source
 * @returns {string[]}
 */
export function textsOf(source) {
  /** @type {string[]} */
  const found = [];
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      if (node.moduleSpecifier !== undefined) return;
    }
    if (ts.isStringLiteralLike(node)) found.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

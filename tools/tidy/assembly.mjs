// What AssemblyScript sources must not contain. `new`, strings, arrays and `throw` bring in a
// second allocator and data segments, and the binary must have neither. Decorators only on classes
// and their members, so that Prettier, ESLint and tsc can read the sources.

import ts from "typescript";

/** Compile-time functions: their text (a message, a field's name) never reaches the binary. */
const COMPILE_TIME = new Set(["ERROR", "WARNING", "INFO", "offsetof"]);

const MANAGED_TYPES = new Set([
  "Array",
  "StaticArray",
  "String",
  "string",
  "Map",
  "Set",
  "ArrayBuffer",
  "Error",
]);

/**
 * Whether a string literal leaves nothing in the binary: a module's name, a decorator's argument,
 * an argument of a compile-time function.
 * @param {ts.Node} literal
 */
function isHarmless(literal) {
  const parent = literal.parent;
  if (ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent)) return true;
  if (!ts.isCallExpression(parent)) return false;
  if (ts.isDecorator(parent.parent)) return true;
  return ts.isIdentifier(parent.expression) && COMPILE_TIME.has(parent.expression.text);
}

/**
 * @param {ts.Node} node
 * @returns {string | undefined} what is wrong with this node itself
 */
function judge(node) {
  if (ts.isNewExpression(node)) return "`new` allocates with AssemblyScript's own allocator";
  if (ts.isThrowStatement(node)) return "`throw` needs strings and the abort import";
  if (ts.isTryStatement(node)) return "`try` is not supported";
  if (ts.isArrayLiteralExpression(node)) return "an array literal becomes a data segment";
  if (ts.isTemplateLiteral(node) || ts.isRegularExpressionLiteral(node)) {
    return "templates and regular expressions become data segments";
  }
  if (ts.isStringLiteral(node) && !isHarmless(node)) return "a string becomes a data segment";
  if (ts.isTypeReferenceNode(node) && MANAGED_TYPES.has(node.typeName.getText())) {
    return `${node.typeName.getText()} is managed memory`;
  }
  if (node.kind === ts.SyntaxKind.StringKeyword) return "string is managed memory";
  const topLevel =
    ts.isFunctionDeclaration(node) || ts.isVariableStatement(node) || ts.isEnumDeclaration(node);
  if (topLevel && /^\s*@/.test(node.getText())) {
    return "decorators only on classes and their members";
  }
  return undefined;
}

/**
 * Checks one AssemblyScript source.
 * @param {string} path relative to the project
 * @param {string} text its content
 * @returns {string[]} one line per problem
 */
export function checkAssembly(path, text) {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  /** @type {string[]} */
  const problems = [];
  /** @param {ts.Node} node */
  const visit = (node) => {
    const problem = judge(node);
    if (problem !== undefined) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      problems.push(`${path}:${line + 1}: ${problem}`);
    }
    ts.forEachChild(node, visit);
  };
  if (!path.endsWith(".d.ts")) visit(source);
  return problems;
}

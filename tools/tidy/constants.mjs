// A number has one home: no two files say the same name and the same number, in AssemblyScript or
// in TypeScript. What the host needs of assembly/ comes to it in src/layout/generated.ts.

import ts from "typescript";
import { parse } from "./imports.mjs";

/** Whose constants are compared. */
const PRODUCT = /^(assembly|bench|src|tools)\/.*\.(ts|mjs)$/;
const NAME = /^[A-Z][A-Z0-9_]+$/;

/** @typedef {{ name: string, value: number, path: string, line: number }} Constant */

/**
 * The number that an expression of nothing but numbers is; undefined for any other.
 * @param {ts.Expression} node
 * @returns {number | undefined}
 */
function numberOf(node) {
  if (ts.isNumericLiteral(node)) return Number(node.text);
  if (
    ts.isParenthesizedExpression(node) ||
    ts.isAsExpression(node) ||
    ts.isTypeAssertionExpression(node)
  )
    return numberOf(node.expression);
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.MinusToken) {
    const of = numberOf(node.operand);
    return of === undefined ? undefined : -of;
  }
  if (!ts.isBinaryExpression(node)) return undefined;
  const [left, right] = [numberOf(node.left), numberOf(node.right)];
  if (left === undefined || right === undefined) return undefined;
  switch (node.operatorToken.kind) {
    case ts.SyntaxKind.AsteriskToken:
      return left * right;
    case ts.SyntaxKind.AsteriskAsteriskToken:
      return left ** right;
    case ts.SyntaxKind.LessThanLessThanToken:
      return left << right;
    case ts.SyntaxKind.MinusToken:
      return left - right;
    case ts.SyntaxKind.PlusToken:
      return left + right;
    default:
      return undefined;
  }
}

/**
 * The constants of a file: `const A = 1`, and `const A = { B: 1 }` as A_B.
 * @param {string} path
 * @param {string} text
 * @returns {Constant[]}
 */
function constantsOf(path, text) {
  const source = parse(path, text);
  /** @type {Constant[]} */
  const found = [];
  /** @param {string} name @param {ts.Expression} node */
  const add = (name, node) => {
    const value = NAME.test(name) ? numberOf(node) : undefined;
    if (value === undefined) return;
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    found.push({ name, value, path, line: line + 1 });
  };
  for (const statement of source.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (!ts.isIdentifier(name) || initializer === undefined) continue;
      const inner = ts.isAsExpression(initializer) ? initializer.expression : initializer;
      if (!ts.isObjectLiteralExpression(inner)) add(name.text, inner);
      else
        for (const member of inner.properties)
          if (ts.isPropertyAssignment(member) && ts.isIdentifier(member.name))
            add(`${name.text}_${member.name.text}`, member.initializer);
    }
  }
  return found;
}

/**
 * @param {ReadonlyMap<string, string>} files texts by path
 * @returns {string[]} one line per problem
 */
export function checkConstants(files) {
  /** @type {Map<string, Constant>} */
  const first = new Map();
  const problems = [];
  for (const [path, text] of files) {
    if (!PRODUCT.test(path)) continue;
    for (const constant of constantsOf(path, text)) {
      const key = `${constant.name} ${constant.value}`;
      const known = first.get(key);
      if (known === undefined) first.set(key, constant);
      else if (known.path !== path)
        problems.push(
          `${path}:${constant.line}: ${constant.name} = ${constant.value} is typed in again, ` +
            `after ${known.path}:${known.line}`,
        );
    }
  }
  return problems;
}

const HEAD = /^(\/\/.*\n)*/;

/**
 * Checks that each mark `@host`, which brings constants of assembly/ to the host, has some to
 * bring: those of the file at its head, elsewhere those up to the next empty line.
 * @param {string} path
 * @param {string} text
 * @returns {string[]} one line per problem
 */
export function checkMarks(path, text) {
  const head = /** @type {RegExpExecArray} */ (HEAD.exec(text))[0];
  return [...text.matchAll(/@host\b/g)].flatMap(({ index }) => {
    const isOfFile = index < head.length;
    const marked = isOfFile ? text : text.slice(index).split("\n\n", 1)[0];
    const constant = isOfFile ? /^export const [A-Z]/m : /^(export )?const [A-Z]/m;
    if (constant.test(marked ?? "")) return [];
    const line = text.slice(0, index).split("\n").length;
    return [`${path}:${line}: @host marks no constant`];
  });
}

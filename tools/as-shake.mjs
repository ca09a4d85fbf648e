// Makes AssemblyScript sources small for the package: leaves out what the entries do not reach,
// what constants that are known there decide against, and comments. By names, as a reader would do
// it: a declaration is kept when something that is kept speaks of it.

import { posix } from "node:path";
import ts from "typescript";

/**
 * What conditions are known to be: constants by their names, functions and members as "name()".
 * @typedef {Map<string, boolean>} Facts
 */

/** @param {string} text */
const parse = (text) => ts.createSourceFile("x.ts", text, ts.ScriptTarget.Latest, true);

/** The name of the function or member that a node asks: a call, or a getter's. */
function questionIn(node) {
  const asked = ts.isCallExpression(node) ? node.expression : node;
  if (ts.isPropertyAccessExpression(asked)) return asked.name.text;
  return asked !== node && ts.isIdentifier(asked) ? asked.text : undefined;
}

/**
 * Adds to the facts, as "name()", the functions and members that only ever answer "no": all that
 * have the name return something that is false.
 * @param {Iterable<string>} texts
 * @param {Facts} facts
 * @returns {Facts}
 */
function withAnswers(texts, facts) {
  const returned = new Map();
  const visit = (node) => {
    if (ts.isFunctionLike(node) || ts.isPropertyDeclaration(node)) {
      const [only, ...others] = node.body?.statements ?? [];
      const isAnswer = others.length === 0 && only !== undefined && ts.isReturnStatement(only);
      const answers = returned.get(node.name?.getText()) ?? [];
      returned.set(node.name?.getText(), [...answers, isAnswer ? only.expression : undefined]);
    }
    ts.forEachChild(node, visit);
  };
  for (const text of texts) visit(parse(text));
  const all = new Map(facts);
  for (let size = -1; size !== all.size;) {
    size = all.size;
    for (const [name, answers] of returned)
      if (answers.every((one) => one !== undefined && known(one, all) === false))
        all.set(`${name}()`, false);
  }
  return all;
}

/** Whether a condition is always true or always false; undefined where that is not known. */
function known(node, facts) {
  if (ts.isParenthesizedExpression(node)) return known(node.expression, facts);
  if (ts.isIdentifier(node)) return facts.get(node.text);
  const asked = questionIn(node);
  if (asked !== undefined) return facts.get(`${asked}()`);
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
    const inner = known(node.operand, facts);
    return inner === undefined ? undefined : !inner;
  }
  if (!ts.isBinaryExpression(node)) return undefined;
  const decisive = { "&&": false, "||": true }[node.operatorToken.getText()];
  return decisive !== undefined && known(node.left, facts) === decisive ? decisive : undefined;
}

/**
 * What a node comes to where conditions are known: the node that is left of it, or "" for nothing.
 */
function remainder(node, facts) {
  if (ts.isIfStatement(node)) {
    const value = known(node.expression, facts);
    return value === undefined ? node : ((value ? node.thenStatement : node.elseStatement) ?? "{}");
  }
  if (ts.isConditionalExpression(node)) {
    const value = known(node.condition, facts);
    return value === undefined ? node : value ? node.whenTrue : node.whenFalse;
  }
  if (!ts.isBinaryExpression(node)) return node;
  const value = known(node, facts);
  if (value !== undefined) return String(value);
  const left = known(node.left, facts);
  return left !== undefined && /^(&&|\|\|)$/.test(node.operatorToken.getText()) ? node.right : node;
}

/** Statements that nothing gets to, since one before them returns. */
function unreached(node) {
  const statements = ts.isBlock(node) ? node.statements : [];
  return statements.slice(statements.findIndex(ts.isReturnStatement) + 1 || statements.length);
}

/** The text without the branches that are never taken. */
function folded(text, facts) {
  for (;;) {
    let edit;
    const visit = (node) => {
      if (edit !== undefined) return;
      const rest = remainder(node, facts);
      const [first] = unreached(node);
      if (rest !== node) edit = [node.getStart(), node.end, rest];
      else if (first !== undefined) edit = [first.pos, node.statements.end, ""];
      else ts.forEachChild(node, visit);
    };
    visit(parse(text));
    if (edit === undefined) return text;
    const [from, to, rest] = edit;
    const left = typeof rest === "string" ? rest : rest.getText();
    text = text.slice(0, from) + left + text.slice(to);
  }
}

/** The text without comments, and without spaces that nothing needs. */
function withoutComments(text) {
  const scanner = ts.createScanner(
    ts.ScriptTarget.Latest,
    false,
    ts.LanguageVariant.Standard,
    text,
  );
  let result = "";
  for (let kind = scanner.scan(); kind !== ts.SyntaxKind.EndOfFileToken; kind = scanner.scan()) {
    const isComment =
      kind === ts.SyntaxKind.SingleLineCommentTrivia ||
      kind === ts.SyntaxKind.MultiLineCommentTrivia;
    if (!isComment) result += scanner.getTokenText();
  }
  // Brackets and separators are tokens of their own, with or without a space beside them.
  return result
    .replace(/[ \t]*\n\s*/g, "\n")
    .replace(/ ?([{}()[\],;:]) ?/g, "$1")
    .trimStart();
}

/** What a statement at the top of a file declares. */
function declaredBy(node) {
  if (ts.isVariableStatement(node))
    return node.declarationList.declarations.map(({ name }) => name.getText());
  return node.name !== undefined && ts.isIdentifier(node.name) ? [node.name.text] : [];
}

/** The identifiers that a piece of a program speaks of. */
function namesIn(node, found = new Set()) {
  if (ts.isIdentifier(node)) found.add(node.text);
  // A method is reached by its name, from wherever; fields make the layout.
  if (!ts.isMethodDeclaration(node) && !ts.isAccessor(node))
    ts.forEachChild(node, (child) => void namesIn(child, found));
  return found;
}

class Shaker {
  /** @param {Map<string, string>} texts @param {Facts} facts */
  constructor(texts, facts) {
    this.files = new Map();
    this.spoken = new Set();
    this.queue = [];
    const all = withAnswers(texts.values(), facts);
    for (const [name, text] of texts) this.files.set(name, this.#read(name, folded(text, all)));
  }

  #read(name, text) {
    const { statements } = parse(text);
    const file = {
      name,
      text,
      statements,
      own: new Map(),
      imported: new Map(),
      from: [],
      rest: [],
      kept: new Set(),
    };
    for (const node of statements) {
      const source =
        node.moduleSpecifier && posix.join(posix.dirname(name), node.moduleSpecifier.text);
      const parts = node.importClause?.namedBindings?.elements ?? node.exportClause?.elements;
      if (source === undefined) {
        const names = declaredBy(node);
        for (const declared of names) file.own.set(declared, node);
        if (names.length === 0) file.rest.push(node);
      } else if (parts === undefined) file.from.push([node, source]);
      else
        for (const part of parts)
          file.imported.set(part.name.text, [node, source, (part.propertyName ?? part.name).text]);
    }
    return file;
  }

  /** Keeps what a name in a file stands for. */
  keep(file, name) {
    const declared = file.own.get(name);
    if (declared !== undefined) return this.#keepNode(file, declared);
    const [, source, theirs] = file.imported.get(name) ?? [];
    const key = `import ${name}`;
    if (source === undefined) {
      for (const [, from] of file.from) this.keep(this.files.get(from), name);
    } else if (!file.kept.has(key)) {
      file.kept.add(key);
      this.keep(this.files.get(source), theirs);
    }
  }

  /** Keeps all that a file has, and all that it passes on. */
  keepAll(file) {
    for (const name of [...file.own.keys(), ...file.imported.keys()]) this.keep(file, name);
    for (const [node, from] of file.from) {
      file.kept.add(node);
      this.keepAll(this.files.get(from));
    }
  }

  #keepNode(file, node) {
    if (file.kept.has(node)) return;
    file.kept.add(node);
    // What a file checks when it is compiled goes with it.
    for (const check of file.rest) this.#keepNode(file, check);
    this.#speak(file, node);
    if (ts.isClassDeclaration(node))
      for (const member of node.members.filter(
        (m) => ts.isMethodDeclaration(m) || ts.isAccessor(m),
      ))
        this.queue.push([file, member]);
  }

  #speak(file, node) {
    for (const name of namesIn(node)) {
      this.spoken.add(name);
      this.keep(file, name);
    }
  }

  /** Keeps the methods that something kept speaks of, until there is no more to keep. */
  settle() {
    for (;;) {
      const reached = this.queue.filter(
        ([, member]) =>
          this.spoken.has(member.name.getText()) || ts.getDecorators(member) !== undefined,
      );
      if (reached.length === 0) return;
      this.queue = this.queue.filter((one) => !reached.includes(one));
      for (const [file, member] of reached) {
        file.kept.add(member);
        ts.forEachChild(member, (child) => this.#speak(file, child));
      }
    }
  }

  /** @returns the file's text with what is kept; undefined where that is nothing */
  textOf(file) {
    if (file.kept.size === 0) return undefined;
    const cuts = [];
    const visit = (node) => {
      if (node.moduleSpecifier !== undefined) {
        const parts =
          node.importClause?.namedBindings?.elements ?? node.exportClause?.elements ?? [];
        const unused = parts.filter((part) => !file.kept.has(`import ${part.name.text}`));
        if (parts.length > 0 && unused.length === parts.length) cuts.push(node);
        else cuts.push(...unused);
      } else if (!file.kept.has(node)) cuts.push(node);
      else if (ts.isClassDeclaration(node))
        cuts.push(
          ...this.queue.filter(([at, m]) => at === file && m.parent === node).map(([, m]) => m),
        );
    };
    file.statements.forEach(visit);
    let { text } = file;
    for (const node of cuts.sort((a, b) => b.pos - a.pos)) {
      const comma = /^\s*,/.exec(text.slice(node.end));
      const isPart = ts.isImportSpecifier(node) || ts.isExportSpecifier(node);
      const end = node.end + (isPart && comma ? comma[0].length : 0);
      text = text.slice(0, node.pos) + text.slice(end);
    }
    return withoutComments(text);
  }
}

/**
 * @param {Map<string, string>} texts all sources, by their paths without ".ts"
 * @param {readonly string[]} entries those of which everything is kept
 * @param {Facts} facts constants that are true or false in all of them
 * @returns {Map<string, string>} what is left
 */
export function shaken(texts, entries, facts) {
  const shaker = new Shaker(texts, facts);
  for (const entry of entries) shaker.keepAll(shaker.files.get(entry));
  shaker.settle();
  const left = [...shaker.files.values()].map((file) => [file.name, shaker.textOf(file)]);
  return new Map(left.filter(([, text]) => text !== undefined));
}

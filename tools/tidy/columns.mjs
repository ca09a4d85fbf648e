// No comment and no document has a line of more than 100 columns, be the comment on a line of its
// own or behind code. Prettier sees to code, but leaves comments and documents as they are.

const MAX_COLUMNS = 100;

/** A line of nothing but a comment, in any of the languages here. */
const COMMENT = /^\s*(\/\/|\/\*|\*(?!\w)|# )/;

/** A comment behind code; a string that looks like one is as long as it must be. */
const BESIDE = /^[^"'`]*[;,{}] (\/\/|\/\*) /;

/** What cannot be broken: a word, behind what a line of a comment or a list begins with. */
const ONE_WORD = /^\s*(\/\/|\/?\*+|#|[-*+]|\d+\.)?\s*(@\w+ )?\S+( \*\/)?$/;

/** @param {string} line @returns {boolean} */
const isLong = (line) => [...line].length > MAX_COLUMNS && !ONE_WORD.test(line);

/** @param {string} path @param {number} index @returns {string} */
const problem = (path, index) => `${path}:${index + 1}: a line of more than ${MAX_COLUMNS} columns`;

/**
 * Checks the comments of a file of code.
 * @param {string} path
 * @param {string} text
 * @returns {string[]} one line per problem
 */
export function checkComments(path, text) {
  return text
    .split("\n")
    .flatMap((line, index) =>
      (COMMENT.test(line) || BESIDE.test(line)) && isLong(line) ? [problem(path, index)] : [],
    );
}

/**
 * Checks all lines of a file.
 * @param {string} path
 * @param {string} text
 * @returns {string[]} one line per problem
 */
export function checkLines(path, text) {
  return text.split("\n").flatMap((line, index) => (isLong(line) ? [problem(path, index)] : []));
}

/**
 * Checks a document in Markdown. Tables, blocks of code and HTML are as long as they must be.
 * @param {string} path
 * @param {string} text
 * @returns {string[]} one line per problem
 */
export function checkDocument(path, text) {
  /** @type {string | undefined} */
  let fence;
  return text.split("\n").flatMap((line, index) => {
    const [, mark] = /^\s*(`{3,})/.exec(line) ?? [];
    if (mark !== undefined && (fence === undefined || mark.startsWith(fence)))
      fence = fence === undefined ? mark : undefined;
    const isFree = fence !== undefined || /^\s*(`{3}|\||<)|^ {4}/.test(line);
    return !isFree && isLong(line) ? [problem(path, index)] : [];
  });
}

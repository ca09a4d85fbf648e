// Documents in Markdown as the tests see them: headings, comments, blocks of code and links,
// wherever they stand. What lies between `<!-- NAME … -->` and `<!-- end -->` is a zone: something
// that a test runs or makes anew.

import { fromMarkdown } from "mdast-util-from-markdown";
import { toString } from "mdast-util-to-string";
import type { Nodes } from "mdast";
import { visit } from "unist-util-visit";

interface Place {
  /** Offsets in the document: of the first character, and behind the last. */
  readonly begin: number;
  readonly end: number;
  /** The line that it begins at, from 1. */
  readonly line: number;
}

export interface Heading extends Place {
  readonly kind: "heading";
  /** 1 for a document's title. */
  readonly depth: number;
  readonly text: string;
}

/** An HTML comment that is a block of its own. */
export interface Comment extends Place {
  readonly kind: "comment";
  /** What it says, without space around it. */
  readonly text: string;
}

/** A fenced block; an indented one has no language. */
export interface Code extends Place {
  readonly kind: "code";
  readonly language: string;
  /** Its lines, each with its end. */
  readonly content: string;
}

export type Block = Heading | Comment | Code;

/** What lies between `<!-- NAME … -->` and `<!-- end -->`. */
export interface Zone {
  /** The first comment's text. */
  readonly mark: string;
  /** The heading of a section, of depth 2, that it is in. */
  readonly title: string;
  /** What lies in it. */
  readonly blocks: readonly Block[];
  /** Offsets of all that lies between the two comments' lines. */
  readonly begin: number;
  readonly end: number;
}

function blockOf(node: Nodes): Block | undefined {
  const { start, end } = node.position!;
  const place = { begin: start.offset!, end: end.offset!, line: start.line };
  if (node.type === "heading")
    return { kind: "heading", depth: node.depth, text: toString(node), ...place };
  if (node.type === "code") {
    const content = node.value === "" ? "" : `${node.value}\n`;
    return { kind: "code", language: node.lang ?? "", content, ...place };
  }
  const [, text] = (node.type === "html" && /^<!--([^]*)-->\s*$/.exec(node.value)) || [];
  return text === undefined ? undefined : { kind: "comment", text: text.trim(), ...place };
}

/** @returns headings, comments and blocks of code, in order */
export function blocksOf(document: string): Block[] {
  const blocks: Block[] = [];
  visit(fromMarkdown(document), (node) => {
    const block = blockOf(node);
    if (block !== undefined) blocks.push(block);
  });
  return blocks;
}

/** @returns the blocks of code in these languages, in order; without one, all of them */
export function codeOf(document: string, ...languages: readonly string[]): Code[] {
  const all = blocksOf(document).filter((block) => block.kind === "code");
  return languages.length === 0 ? all : all.filter((code) => languages.includes(code.language));
}

/** @returns where links and pictures lead, as it is written */
export function linksOf(document: string): string[] {
  const links: string[] = [];
  visit(fromMarkdown(document), (node) => {
    if (node.type === "link" || node.type === "image" || node.type === "definition")
      links.push(node.url);
  });
  return links;
}

/**
 * The zones of a kind.
 * @param name the first word of their marks, perhaps with a colon behind it
 * @throws Error for one that does not end
 */
export function zonesOf(document: string, name: string): Zone[] {
  const blocks = blocksOf(document);
  return blocks.flatMap((block, first): Zone[] => {
    if (block.kind !== "comment" || block.text.split(/[\s:]/)[0] !== name) return [];
    const isEnd = ({ kind, text }: Partial<Comment>): boolean =>
      kind === "comment" && text === "end";
    const last = blocks.findIndex((other, index) => index > first && isEnd(other as Comment));
    if (last < 0) throw new Error(`line ${block.line}: <!-- ${block.text} --> without an end`);
    const title = blocks.findLast(
      (other, index) => index < first && other.kind === "heading" && other.depth === 2,
    ) as Heading | undefined;
    return [
      {
        mark: block.text,
        title: title?.text ?? "",
        blocks: blocks.slice(first + 1, last),
        begin: block.end + 1,
        end: blocks[last]!.begin,
      },
    ];
  });
}

/** @returns the document with other text in some places, which do not overlap */
export function withTexts(
  document: string,
  changes: readonly { readonly begin: number; readonly end: number; readonly text: string }[],
): string {
  return [...changes]
    .sort((a, b) => b.begin - a.begin)
    .reduce((all, { begin, end, text }) => all.slice(0, begin) + text + all.slice(end), document);
}

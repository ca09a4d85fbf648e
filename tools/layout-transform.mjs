// The asc transform behind every struct that crosses the language border. Before compilation it
// expands `@count(n)` fields into inline arrays (`@count(n, m)`: n elements in ilp32, m in lp64)
// and drops fields that this glibc does not have (`@since(43)`: from 2.43 on; `@since(43, n)`: n
// elements from there on; `@until(43)`: before). After it, it collects offset, size and kind of
// every field of every `@unmanaged` class and every member of every enum, adds them to the binary
// as the custom section "layout", and hands them, with the comments beside them, to the build
// script (PTMALLOC_LAYOUT_OUT), which writes src/layout/generated.ts. Constants go there, too,
// where the sources say `@host`: in the comment in front of one or of a group (up to an empty
// line), or at the head of a file for all that it exports. Of another glibc than the default's,
// the section "glibc" says what the host must know of it.

import { readFileSync, writeFileSync } from "node:fs";
import assemblyscript from "assemblyscript";
import binaryen from "assemblyscript/binaryen";
import { Transform } from "assemblyscript/transform";
import { DEFAULT_GLIBC } from "./builds.mjs";
import { FILES, TCACHE, THREADED, THROUGHPUT, isIn } from "./places.mjs";

const { Node } = assemblyscript;

/** Where each version has its assertions, in the order of `Failure`: a line, and who has it now. */
const assertions = JSON.parse(
  readFileSync(new URL("../assembly/abi/assertions.json", import.meta.url), "utf8"),
);

/**
 * Layouts are read by people too: the order of the sources, without the generated array elements.
 */
const ELEMENT = /^(.+)__(\d+)$/;

/**
 * What the host reads as plain words, in glibc's order: one binary that tells how they are laid out
 * will do.
 */
const PLAIN = /^Mallinfo2?$/;

export default class LayoutTransform extends Transform {
  afterParse(parser) {
    const isLp64 = this.program.options.globalAliases?.get("word") === "u64";
    const glibc = Number(this.program.options.globalAliases?.get("GLIBC"));
    for (const source of parser.sources) {
      for (const statement of source.statements) {
        if (!statement.members?.length) continue;
        dropFields(statement, glibc);
        expandCounts(statement, isLp64, glibc);
      }
    }
  }

  afterCompile(module) {
    const structs = {};
    const enums = {};
    const constants = {};
    const comments = {};
    const isFull = this.program.options.globalAliases?.get("FULL") === "1";
    const profile = this.program.options.globalAliases?.get("PROFILE");
    const isThreaded = this.program.options.globalAliases?.get("THREADS") === "1";
    for (const element of this.program.elementsByName.values()) {
      if (element.internalName.startsWith("~lib")) continue;
      if (!isThreaded && isIn(THREADED, element.internalName)) continue;
      if (profile !== "1" && isIn(THROUGHPUT, element.internalName)) continue;
      if (profile === "2" && isIn(TCACHE, element.internalName)) continue;
      if (!isFull && isIn(FILES, element.internalName)) continue;
      const name = element.name;
      if (element.kind === assemblyscript.ElementKind.ClassPrototype) {
        const instance = element.instances?.values().next().value;
        if (!instance?.hasDecorator(assemblyscript.DecoratorFlags.Unmanaged)) continue;
        structs[name] ??= struct(instance);
        comments[name] ??= commentsOf(element.declaration, element.declaration.members);
      } else if (element.kind === assemblyscript.ElementKind.Enum) {
        enums[name] ??= members(element);
        comments[name] ??= commentsOf(element.declaration, element.declaration.values);
      } else if (element.kind === assemblyscript.ElementKind.Global && isForHost(element)) {
        const value = valueOf(element, module);
        if (value !== undefined) constants[name] = value;
      }
    }
    for (const [name, { size }] of Object.entries(structs)) if (size === 0) delete structs[name];
    const layout = {
      structs: sorted(structs),
      enums: sorted(enums),
      constants: sorted(constants),
      comments,
    };
    const lines = Object.entries(layout.structs)
      .filter(([name]) => isFull || !PLAIN.test(name))
      .map(([name, struct]) => described(name, struct));
    module.addCustomSection("layout", new TextEncoder().encode(lines.join("\n")));
    const about = glibcText(Number(this.program.options.globalAliases?.get("GLIBC")), layout);
    if (about) module.addCustomSection("glibc", new TextEncoder().encode(about));
    if (process.env.PTMALLOC_LAYOUT_OUT)
      writeFileSync(process.env.PTMALLOC_LAYOUT_OUT, JSON.stringify(layout));
  }
}

/** The numbers that a member's decorator `name` has; undefined where there is none. */
function numbersOf(member, name) {
  const found = member.decorators?.find((decorator) => decorator.name.text === name);
  return found?.args.map(({ value }) => Number(value));
}

/** Takes out what glibc 2.`glibc` does not have. */
function dropFields(declaration, glibc) {
  const kept = declaration.members.filter((member) => {
    const [from, length] = numbersOf(member, "since") ?? [0];
    const [to] = numbersOf(member, "until") ?? [Infinity];
    return (length !== undefined || glibc >= from) && glibc < to;
  });
  declaration.members.splice(0, declaration.members.length, ...kept);
}

/** Replaces each `@count(n) field` by n fields, so that the compiler lays the array out. */
function expandCounts(declaration, isLp64, glibc) {
  const expanded = [];
  for (const member of declaration.members) {
    expanded.push(member);
    const counts = numbersOf(member, "count");
    if (!counts) continue;
    const [from, length] = numbersOf(member, "since") ?? [];
    const isNew = length !== undefined && glibc >= from;
    const count = isNew ? length : counts[isLp64 ? counts.length - 1 : 0];
    for (let index = 1; index < count; index++) {
      const name = Node.createIdentifierExpression(
        `${member.name.text}__${index}`,
        member.name.range,
      );
      expanded.push(
        Node.createFieldDeclaration(name, null, member.flags, member.type, null, -1, member.range),
      );
    }
  }
  declaration.members.splice(0, declaration.members.length, ...expanded);
}

/** A link is `fd` to AssemblyScript, and a word in memory, `fdWord`; the host has words only. */
const publicName = (name) => name.replace(/Word$/, "");

/** Size, alignment-padded, and fields of a class. */
function struct(instance) {
  const fields = {};
  let end = 0;
  let alignment = 1;
  for (const member of instance.members?.values() ?? []) {
    if (member.kind !== assemblyscript.ElementKind.PropertyPrototype || !member.instance?.isField)
      continue;
    const { memoryOffset: offset, type } = member.instance;
    if (offset < 0) continue;
    const size = type.byteSize;
    end = Math.max(end, offset + size);
    alignment = Math.max(alignment, size);
    const element = ELEMENT.exec(member.name);
    const field = publicName(member.name);
    if (element)
      fields[element[1]].count = Math.max(fields[element[1]].count ?? 1, Number(element[2]) + 1);
    else fields[field] = { offset, size, kind: type.toString() };
  }
  return { size: Math.ceil(end / alignment) * alignment, fields };
}

/**
 * A struct as the host reads it (`structsOf` in src/layout/structs.ts):
 * `NAME SIZE KIND FIELD … KIND FIELD …`, arrays as `FIELD*COUNT`. Each field lies at the next
 * multiple of its kind's size, so offsets need not be told.
 */
function described(name, { size, fields }) {
  const words = [name, size];
  let last = "";
  for (const [field, { kind, count }] of Object.entries(fields)) {
    if (kind !== last) words.push(kind);
    words.push(count ? `${field}*${count}` : field);
    last = kind;
  }
  return words.join(" ");
}

/**
 * What the host is to know of a glibc that is not the default's: its name, its tunables with the
 * ranges, where they do not end at SIZE_MAX, and where its assertions stand.
 */
function glibcText(glibc, { comments, constants }) {
  if (glibc === DEFAULT_GLIBC) return undefined;
  const sizeMax = constants.SIZE_MAX;
  const valueOf = (/** @type {string} */ word) => constants[word] ?? Number(word);
  const tunables = Object.values(comments.Tunable.members).flatMap((text) => {
    const [, name] = /^glibc\.malloc\.(\w+)/.exec(text) ?? [];
    const [, until = Infinity] = /until 2\.(\d+)/.exec(text) ?? [];
    if (name === undefined || glibc > Number(until)) return [];
    const [, least = "0", most = "SIZE_MAX"] = /, (\w+) … (\w+)/.exec(text) ?? [];
    const range = [valueOf(least), valueOf(most)];
    if (range.some(Number.isNaN)) throw new Error(`glibc.malloc.${name}: no range in "${text}"`);
    return [`${name}${range[0] || ""}${range[1] === sizeMax ? "" : `:${range[1]}`}`];
  });
  return [`2.${glibc}`, tunables.join(" "), (assertions[glibc] ?? []).join(",")].join("\n");
}

/** The values of an enum's members: as written, else one more than the member before. */
function members(element) {
  const values = {};
  let next = 0;
  for (const { name, initializer } of element.declaration.values) {
    if (initializer) next = Number(initializer.value);
    if (Number.isNaN(next))
      throw new Error(`enum ${element.name}: ${name.text} must be a plain integer`);
    values[name.text] = next++;
  }
  return values;
}

/**
 * The number that the compiler made of a constant, signed as its type is.
 * @returns {number | undefined} undefined for what is no such number, or is not used by the build
 */
function valueOf({ internalName, type }, module) {
  const global = module.getGlobal(internalName);
  if (!global) return undefined;
  const { value } = binaryen.getExpressionInfo(binaryen.getGlobalInfo(global).init);
  if (value === undefined) return undefined;
  const { low = value, high = 0 } = value;
  const bits = (BigInt(high) << 32n) | BigInt.asUintN(32, BigInt(low));
  const { size, isSignedIntegerValue: isSigned } = type;
  return Number(isSigned ? BigInt.asIntN(size, bits) : BigInt.asUintN(size, bits));
}

/** What stands in front of a declaration, back to an empty line: its comment, and its group's. */
function before({ range }) {
  const { text } = range.source;
  const line = text.lastIndexOf("\n", range.start) + 1;
  return text.slice(text.lastIndexOf("\n\n", line) + 2, line);
}

/** Whether the sources say that the host needs a constant. */
function isForHost({ declaration }) {
  const [head] = /^(\/\/.*\n)*/.exec(declaration.range.source.text);
  if (/@host\b/.test(before(declaration))) return true;
  return /@host\b/.test(head) && declaration.is(assemblyscript.CommonFlags.Export);
}

/**
 * What the sources say of a class or an enum, and of its members.
 * @returns the text of the docstring in front of it, and what the comments at the ends of its
 *   members' lines say, by name
 */
function commentsOf({ range }, members) {
  const { text } = range.source;
  const own = text.slice(0, text.indexOf("{", range.start));
  const whole = /\/\*\*\s((?:(?!\*\/)[^])*)\*\/\s*(?:@\w+\s*)*(?:export\s+)?\w+ \w+\s*$/
    .exec(own)?.[1]
    .replace(/\s*^\s*\* ?/gm, " ")
    .trim();
  const ofMembers = {};
  for (const { name, range } of members) {
    const rest = text.slice(range.end, text.indexOf("\n", range.end));
    const comment = /^[;,]?\s*\/\/ (.+)$/.exec(rest)?.[1];
    if (comment && !ELEMENT.test(name.text)) ofMembers[publicName(name.text)] = comment;
  }
  return { whole, members: ofMembers };
}

function sorted(record) {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

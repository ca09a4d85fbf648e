// The source of src/layout/generated.ts: what the compiler laid out, as the host and the users of
// the package read it.

import prettier from "prettier";
import { DEFAULT_GLIBC, GLIBC_VERSIONS } from "./builds.mjs";

/** The 32-bit FNV-1a hash of bytes, as src/binary/check.ts computes it. */
function fnv1a(bytes) {
  return bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5) >>> 0;
}

/** The checksums of what all binaries say of their structs, by layout; some say the same. */
function digestsOf(binaries) {
  const digests = { ilp32: new Set(), lp64: new Set() };
  for (const [name, binary] of binaries) {
    const module = new WebAssembly.Module(binary);
    const [section] = WebAssembly.Module.customSections(module, "layout");
    digests[name.split(".").at(-1)].add(fnv1a(new Uint8Array(section)));
  }
  return Object.fromEntries(
    Object.entries(digests).map(([abi, all]) => [abi, [...all].sort((a, b) => a - b)]),
  );
}

/**
 * A docstring of one line with what the sources say: "next_free: unused arenas" begins with C's
 * name, "unused ones" is a sentence's rest.
 */
function docstring(text) {
  if (!text) return [];
  const [, name, rest] = /^(\w+(?:[.[]\w+\]?)*)(?:: (.*)|)$/.exec(text) ?? [];
  const sentence = name
    ? `\`${name}\`${rest ? `: ${rest}` : ""}`
    : text[0].toUpperCase() + text.slice(1);
  return [`/** ${sentence}${sentence.endsWith(".") ? "" : "."} */`];
}

/**
 * The type of a struct's values as the host reads them: what the sources say of each field is for
 * those who use the package. No interface: TypeScript does not know the types of an interface's
 * values in Object.entries.
 * @param others the same struct of other versions of glibc: what not all of them have is optional
 */
function structType(name, { fields }, wide, others, comments) {
  // An array in one layout may be a single element in the other.
  const valueType = (field) =>
    [fields, wide.fields]
      .map((all) => (all[field].count ? "number[]" : "number"))
      .filter((type, index, types) => types.indexOf(type) === index)
      .join(" | ");
  return [
    "",
    "/**",
    ` * ${comments?.whole ?? `Members of \`${name}\` in assembly/.`}`,
    " * @interface",
    " */",
    `export type ${name} = {`,
    ...Object.keys(fields).flatMap((field) => {
      const isEverywhere = others.every((other) => field in other.fields);
      const mark = isEverywhere ? "" : "?";
      return [
        ...docstring(comments?.members[field]),
        `readonly ${field}${mark}: ${valueType(field)};`,
      ];
    }),
    ...newFields(fields, others).flatMap(([field, { count }]) => [
      ...docstring(comments?.members[field]),
      `readonly ${field}?: ${count ? "number[]" : "number"};`,
    ]),
    "};",
  ];
}

/** The fields that only other versions of a struct have, each once. */
function newFields(fields, others) {
  const all = Object.assign({}, ...others.map((other) => other.fields));
  return Object.entries(all).filter(([field]) => !(field in fields));
}

/** Enums whose members the host knows by name, and what it calls these names. */
const NAMED = {
  Failure: [
    "FailureName",
    "The name of an integrity check of glibc's, by its message, or by the function that has the assertion and what that says.",
  ],
  Invariant: ["InvariantName", "The name of an invariant that the whole-heap checker knows."],
  KernelOption: [
    "KernelOptionName",
    "The name of a setting of the kernel's or the machine's; after it what the setting is.",
  ],
};

/** An enum's members by name, and their type. */
function enumSource(name, values, comments) {
  // Those of failures are glibc's messages, or begin with the function that has the assertion.
  const textOf = (member) => {
    const text = comments?.members[member];
    return name === "Failure" && text ? [`/** \`${text}\` */`] : docstring(text);
  };
  const [nameType, nameText] = NAMED[name] ?? [];
  const names = nameType && [
    "",
    `/** ${nameText} */`,
    `export type ${nameType} =`,
    ...Object.keys(values).flatMap((member) => [...textOf(member), `| "${member}"`]),
    ";",
  ];
  return [
    "",
    "/**",
    ` * ${comments?.whole ?? `Members of \`${name}\` in assembly/.`}`,
    " * @enum",
    " */",
    `export const ${name} = {`,
    ...Object.entries(values).flatMap(([member, value]) => [
      ...textOf(member),
      `${member}: ${value},`,
    ]),
    "} as const;",
    `/** A member of \`${name}\`. */`,
    `export type ${name} = (typeof ${name})[keyof typeof ${name}];`,
    ...(names ?? []),
  ];
}

/** The constants; where the layouts differ, both of a constant's values. */
function constantsSource(constants, inLp64) {
  const sources = Object.entries(constants).map(([name, value]) => {
    const both = `{ ilp32: ${value}, lp64: ${inLp64[name]} } as const`;
    return `export const ${name} = ${value === inLp64[name] ? value : both};`;
  });
  return [
    "",
    "// Constants that the sources mark with @host, as the compiler has them.",
    "",
    ...sources,
  ];
}

/**
 * What the compiler laid out in one layout: the checked build has every enum, the replay build
 * every struct. A constant's value is that of the first build that has it: glibc's.
 */
function merged(entries, abi) {
  const all = { structs: {}, enums: {}, comments: {} };
  const constants = {};
  for (const [name, { layout }] of entries) {
    // Of another glibc the host reads what the binary itself says.
    if (!name.endsWith(`.${abi}`) || /-2\./.test(name)) continue;
    for (const part of Object.keys(all)) Object.assign(all[part], layout[part]);
    Object.assign(constants, { ...layout.constants, ...constants });
  }
  return { ...all, constants };
}

/**
 * The structs of the versions that are not the default, by name, and what the sources say of them.
 * Only fields count, which both layouts have.
 */
function ofOtherVersions(entries) {
  const structs = {};
  const comments = {};
  for (const [name, { layout }] of entries) {
    if (!/-2\..*\.ilp32$/.test(name)) continue;
    for (const [struct, one] of Object.entries(layout.structs)) (structs[struct] ??= []).push(one);
    for (const [struct, { members }] of Object.entries(layout.comments))
      comments[struct] = { ...comments[struct], ...members };
  }
  return { structs, comments };
}

/** Comments of a struct, with those of fields that only other versions have. */
function withMembers(comments, more) {
  return comments && { ...comments, members: { ...more, ...comments.members } };
}

/**
 * The source of src/layout/generated.ts.
 * @param {ReadonlyMap<string, import("./wasm-cache.mjs").Entry>} entries all of the package's
 *   binaries, in the table's order
 * @param {string} path where it is to be
 * @returns {Promise<string>}
 */
export async function layoutSource(entries, path) {
  const { structs, enums, constants, comments } = merged(entries, "ilp32");
  const lp64 = merged(entries, "lp64");
  const digests = digestsOf([...entries].map(([name, { wasm }]) => [name, wasm]));
  const lines = [
    "// Generated by tools/build-wasm.mjs from assembly/. Do not edit.",
    "",
    `const ilp32 = ${JSON.stringify(structs)} as const;`,
    "",
    `const lp64 = ${JSON.stringify(lp64.structs)} as const;`,
    "",
    "/**",
    " * Where the fields of every struct in linear memory lie, for both layouts, as the compiler laid them out:",
    " * `layouts.ilp32.MallocState.fields.top` is `{ offset, size, kind }`, with `count` where the field is an array. Offsets and sizes are bytes.",
    " */",
    "export const layouts: {",
    "/** Structs with i386's words of 4 bytes. */",
    "readonly ilp32: typeof ilp32;",
    "/** Structs with x86-64's words of 8 bytes. */",
    "readonly lp64: typeof lp64;",
    "} = { ilp32, lp64 };",
    "",
    '/** Checksums (`layoutDigest`) of the sections "layout" that binaries of this version have. */',
    `export const layoutDigests: Readonly<Record<"ilp32" | "lp64", readonly number[]>> = ${JSON.stringify(digests)};`,
  ];
  lines.push(
    "",
    "/** The versions of glibc that there are builds of; the first is the default. */",
    `export const GLIBC_VERSIONS = ${JSON.stringify([DEFAULT_GLIBC, ...GLIBC_VERSIONS].map((minor) => `2.${minor}`))} as const;`,
    "",
    "/** The glibc of builds that do not name one. */",
    `export const DEFAULT_GLIBC = "2.${DEFAULT_GLIBC}";`,
  );
  const others = ofOtherVersions(entries);
  for (const [name, struct] of Object.entries(structs)) {
    const told = withMembers(comments[name], others.comments[name]);
    lines.push(...structType(name, struct, lp64.structs[name], others.structs[name] ?? [], told));
  }
  for (const [name, values] of Object.entries(enums))
    lines.push(...enumSource(name, values, comments[name]));
  lines.push(...constantsSource(constants, lp64.constants));
  const options = (await prettier.resolveConfig(path)) ?? {};
  return prettier.format(lines.join("\n") + "\n", { ...options, parser: "typescript" });
}

// Compiles assembly/ into build/*.wasm, one file for each build and layout, and writes src/layout/generated.ts from what the
// compiler laid out. `--check-layout` writes nothing there and fails when the file is not what it should be.
//
//   node tools/build-wasm.mjs [--check-layout] [--text] [NAME …]      NAME: core, checked, replay, full, image, threads, crash

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import prettier from "prettier";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const generated = join(root, "src/layout/generated.ts");

// checks: 0 none, 1 the whole-heap checker for whoever asks, 2 before every call, with fault injection
const BUILDS = {
  core: { entry: "assembly/index.ts" },
  checked: { entry: "assembly/replay/checked.ts", checks: 2 },
  replay: { entry: "assembly/replay/index.ts" },
  full: { entry: "assembly/full.ts", checks: 1, trace: 1 },
  image: { entry: "assembly/image.ts", checks: 1 },
  threads: { entry: "assembly/threads.ts", checks: 1, threads: 1 },
  crash: { entry: "assembly/crash.ts", checks: 1, threads: 1, crashPoints: 1 },
};
const WORDS = { ilp32: "u32", lp64: "u64" };

/** The 32-bit FNV-1a hash of bytes, as src/host/structs.ts computes it. */
function fnv1a(bytes) {
  return bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5) >>> 0;
}

/** The checksums of what all binaries say of their structs, by layout; some say the same. */
function digests() {
  const digestOf = (name, abi) => {
    const module = new WebAssembly.Module(readFileSync(join(root, `build/${name}.${abi}.wasm`)));
    const [section] = WebAssembly.Module.customSections(module, "layout");
    return fnv1a(new Uint8Array(section));
  };
  const all = (abi) => new Set(Object.keys(BUILDS).map((name) => digestOf(name, abi)));
  return Object.fromEntries(
    Object.keys(WORDS).map((abi) => [abi, [...all(abi)].sort((a, b) => a - b)]),
  );
}

/** A docstring of one line with what the sources say: "next_free: unused arenas" begins with C's name, "unused ones" is a sentence's rest. */
function docstring(text) {
  if (!text) return [];
  const [, name, rest] = /^(\w+(?:[.[]\w+\]?)*)(?:: (.*)|)$/.exec(text) ?? [];
  const sentence = name
    ? `\`${name}\`${rest ? `: ${rest}` : ""}`
    : text[0].toUpperCase() + text.slice(1);
  return [`/** ${sentence}${sentence.endsWith(".") ? "" : "."} */`];
}

/**
 * The type of a struct's values as the host reads them: what the sources say of each field is for those who use the package. No interface: TypeScript
 * does not know the types of an interface's values in Object.entries.
 */
function structType(name, { fields }, wide, comments) {
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
    ...Object.keys(fields).flatMap((field) => [
      ...docstring(comments?.members[field]),
      `readonly ${field}: ${valueType(field)};`,
    ]),
    "};",
  ];
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

/** The source of src/layout/generated.ts for the compiler's two layouts. */
async function generatedSource({ ilp32, lp64 }) {
  const { structs, enums, comments } = ilp32;
  const lines = [
    "// Generated by tools/build-wasm.mjs from the classes and enums in assembly/. Do not edit.",
    "",
    `const ilp32 = ${JSON.stringify(structs)} as const;`,
    "",
    `const lp64 = ${JSON.stringify(lp64.structs)} as const;`,
    "",
    "/**",
    " * Where the fields of every struct in linear memory lie, for both layouts, as the compiler laid them out:",
    " * `layouts.ilp32.MallocState.fields.topWord` is `{ offset, size, kind }`, with `count` where the field is an array. Offsets and sizes are bytes.",
    " */",
    "export const layouts: {",
    "/** Structs with i386's words of 4 bytes. */",
    "readonly ilp32: typeof ilp32;",
    "/** Structs with x86-64's words of 8 bytes. */",
    "readonly lp64: typeof lp64;",
    "} = { ilp32, lp64 };",
    "",
    '/** Checksums (`layoutDigest`) of the sections "layout" that binaries of this version have. */',
    `export const layoutDigests: Readonly<Record<"ilp32" | "lp64", readonly number[]>> = ${JSON.stringify(digests())};`,
  ];
  for (const [name, struct] of Object.entries(structs))
    lines.push(...structType(name, struct, lp64.structs[name], comments[name]));
  for (const [name, values] of Object.entries(enums))
    lines.push(...enumSource(name, values, comments[name]));
  const options = (await prettier.resolveConfig(generated)) ?? {};
  return prettier.format(lines.join("\n") + "\n", { ...options, parser: "typescript" });
}

/** Runs asc for one build in one layout; resolves with the compiler's struct layout. */
function compile(name, abi, scratch, text) {
  const { entry, checks = 0, trace = 0, threads = 0, crashPoints = 0 } = BUILDS[name];
  const layoutFile = join(scratch, `${name}.${abi}.json`);
  const args = [
    join(root, "node_modules/assemblyscript/bin/asc.js"),
    entry,
    "--target",
    "release",
    "--transform",
    "./tools/layout-transform.mjs",
  ];
  if (threads) {
    args.push("--enable", "threads", "--sharedMemory", "--maximumMemory", "65536");
    args.push("--transform", "./tools/journal-transform.mjs");
  }
  args.push("--transform", "./tools/optimize-transform.mjs");
  if (crashPoints) args.push("--transform", "./tools/crash-transform.mjs");
  args.push(
    "--disableWarning",
    "201",
    "--use",
    `word=${WORDS[abi]}`,
    "--use",
    `HEAP_CHECK=${checks}`,
    "--use",
    `SYSCALL_TRACE=${trace}`,
    "--use",
    `THREADS=${threads}`,
    "--use",
    `CRASH_POINTS=${crashPoints}`,
    "--outFile",
    `build/${name}.${abi}.wasm`,
  );
  if (text) args.push("--textFile", `build/${name}.${abi}.wat`);
  return new Promise((resolve, reject) => {
    const env = { ...process.env, PTMALLOC_LAYOUT_OUT: layoutFile };
    const asc = spawn(process.execPath, args, {
      cwd: root,
      env,
      stdio: ["ignore", "inherit", "inherit"],
    });
    asc.on("error", reject);
    asc.on("exit", (code) =>
      code === 0
        ? resolve(JSON.parse(readFileSync(layoutFile, "utf8")))
        : reject(new Error(`asc failed for ${name}.${abi}`)),
    );
  });
}

async function main(argv) {
  const names = argv.filter((argument) => !argument.startsWith("--"));
  const wanted = names.length > 0 ? names : Object.keys(BUILDS);
  const unknown = wanted.find((name) => !(name in BUILDS));
  if (unknown)
    throw new Error(
      `build-wasm: no build "${unknown}"; there are ${Object.keys(BUILDS).join(", ")}`,
    );
  mkdirSync(join(root, "build"), { recursive: true });
  const scratch = mkdtempSync(join(tmpdir(), "ptmalloc-layout-"));
  try {
    const layouts = {};
    for (const name of wanted) {
      const results = await Promise.all(
        Object.keys(WORDS).map((abi) => compile(name, abi, scratch, argv.includes("--text"))),
      );
      // The checked build has every enum, the replay build every struct.
      Object.keys(WORDS).forEach((abi, index) => {
        layouts[abi] ??= { structs: {}, enums: {}, comments: {} };
        Object.assign(layouts[abi].structs, results[index].structs);
        Object.assign(layouts[abi].enums, results[index].enums);
        Object.assign(layouts[abi].comments, results[index].comments);
      });
    }
    if (names.length > 0) return;
    const source = await generatedSource(layouts);
    if (argv.includes("--check-layout")) {
      if (readFileSync(generated, "utf8") !== source)
        throw new Error("src/layout/generated.ts is stale: run npm run build:wasm");
    } else {
      mkdirSync(dirname(generated), { recursive: true });
      writeFileSync(generated, source);
    }
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});

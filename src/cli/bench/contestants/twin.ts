// This package's own module, compiled to JavaScript by Binaryen's wasm2js: WebAssembly against the
// JavaScript engine on identical code, the loop included.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { compileFunction } from "node:vm";
import { PACKAGE_FILES } from "../../../binary/sources.js";
import { loadSync, type Instantiator } from "../../../binary/load.js";
import { structsOf } from "../../../layout/structs.js";
import { planProcess } from "../../../process/build-options.js";
import { Process, PROGRAM } from "../../../process/process.js";
import { planTrace, type TracePlan } from "../../../trace/session.js";
import { binaryenTools } from "../../link/binaryen.js";
import { UserError } from "../../io.js";
import { packageRoot, packageVersion } from "../../package-root.js";
import { MissingError } from "../contestant.js";
import type { Contestant, LabTrace, Racer, RacerHeap, Slices } from "../contestant.js";
import { timedPass, timedSlices, type RunOps } from "../slices.js";
import { EMBEDDED } from "./ours.js";
import { compiled, promised } from "../toolchain.js";

const INSTALL = "npm install --save-dev binaryen";
const BINARY = "replay.ilp32";

/** What stands for the memory: the code replaces its buffer by a longer one. */
interface ScriptMemory {
  buffer: ArrayBuffer;
}

/** The module as a function in JavaScript. */
type ScriptModule = (imports: WebAssembly.Imports) => WebAssembly.Exports;

/**
 * wasm2js's own condition. Where it does not hold, and where its shift overflows, it would say that
 * all is well.
 */
const GROWS = "if ((oldPages < newPages) && (newPages < 65536)) {";
/** Less than 2 GiB: buffers are as long as a shift of signed numbers says. */
const MOST_PAGES = 32_767;

/** @returns where the module is */
function wasmFile(): string {
  return join(packageRoot(), "build", `${BINARY}.wasm`);
}

/**
 * @returns the module's text in JavaScript, without its imports and exports
 * @throws MissingError
 */
function scriptText(): { text: string; version: string } {
  const tools = toolsFolder();
  const wasm = wasmFile();
  const manifest = readFileSync(join(dirname(tools), "package.json"), "utf8");
  const { version } = JSON.parse(manifest) as { version: string };
  const bytes = compiled({
    name: "twin",
    ending: ".js",
    command: process.execPath,
    args: [join(tools, "wasm2js"), wasm, "-all", "-O3"],
    inputs: [wasm],
    versions: [version],
    how: INSTALL,
  });
  const text = new TextDecoder().decode(bytes);
  const end = text.indexOf("\nvar memasmFunc");
  if (end < 0 || !text.includes(GROWS))
    throw new Error(`wasm2js of Binaryen ${version} writes code that is not as it was`);
  const body = text.slice(0, end).replaceAll(/^import .*$/gm, "");
  const growing = `if (newPages > ${MOST_PAGES}) return -1;\n  if (oldPages < newPages) {`;
  return { text: `${body.replace(GROWS, growing)}\nreturn asmFunc;`, version };
}

function toolsFolder(): string {
  try {
    return binaryenTools();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new MissingError('there is no wasm2js, of the npm package "binaryen"', INSTALL);
  }
}

function scriptModule(text: string): ScriptModule {
  const make = compileFunction(text, [], { filename: "twin" }) as () => ScriptModule;
  return make();
}

/** A process whose code is JavaScript. */
function startScript(
  script: ScriptModule,
  wasm: WebAssembly.Module,
  where?: Pick<TracePlan, "base" | "startBrk">,
) {
  const memory: ScriptMemory = { buffer: new ArrayBuffer(0) };
  const instantiateSync = (_: WebAssembly.Module, imports: WebAssembly.Imports) =>
    script({ ...imports, env: { memory: memory as never } });
  const instantiator: Instantiator = {
    instantiateSync,
    instantiate: (module, imports) => Promise.resolve(instantiateSync(module, imports)),
  };
  // Mappings lie close to the heap: a memory in JavaScript is as large as it says it is.
  const options = { ...where, wasm, abi: "ilp32", build: "replay", ...EMBEDDED } as const;
  const plan = planProcess(options, PROGRAM);
  memory.buffer = new ArrayBuffer(plan.memory.buffer.byteLength);
  plan.memory = memory as unknown as WebAssembly.Memory;
  return new Process(plan, loadSync(plan, { ...PACKAGE_FILES, instantiator }));
}

class TwinHeap implements RacerHeap {
  /** The code is this heap's own, and so is what it serves. */
  readonly refused = 0;
  readonly #run: RunOps;
  readonly #release: () => void;
  readonly #operations: number;
  readonly #held: () => number;

  /** @param module that the code was made of: it tells how structs are laid out */
  constructor(script: ScriptModule, module: WebAssembly.Module, { trace }: LabTrace) {
    const op = structsOf(module, "ilp32").Op;
    const { ops, opsBegin, blocks, base, startBrk } = planTrace(trace, "ilp32", op);
    const { exports, memory } = startScript(script, module, { base, startBrk });
    new Uint8Array(memory.buffer).set(ops, opsBegin);
    const place = (index: number): number => opsBegin + index * op.size;
    const before = memory.buffer.byteLength;
    this.#run = (begin, end) => exports.replay_touching(place(begin), place(end), blocks);
    this.#release = () => exports.release_all(blocks, trace.slots);
    this.#operations = trace.count;
    this.#held = () => memory.buffer.byteLength - before;
  }

  pass(): number {
    return timedPass(this.#run, this.#operations);
  }

  drain(): void {
    this.#release();
  }

  slices(count: number): Slices {
    return timedSlices(this.#run, this.#operations, count, this.#held);
  }

  close(): void {
    // The engine collects it.
  }
}

function twin(): Racer {
  const { text, version } = scriptText();
  const script = scriptModule(text);
  const module = new WebAssembly.Module(readFileSync(wasmFile()));
  let copies = 0;
  return {
    version: `${packageVersion()}, Binaryen ${version}`,
    code: null,
    start: (trace) => new TwinHeap(script, module, trace),
    startUp() {
      // The engine knows text that it has compiled already.
      const fresh = `${text}\n// ${copies++}`;
      const begin = performance.now();
      startScript(scriptModule(fresh), module).exports.malloc(24);
      return (performance.now() - begin) * 1e6;
    },
  };
}

/** This package's module in JavaScript. */
export const twins: readonly Contestant[] = [
  {
    name: "wasm2js",
    title: "this heap, as JavaScript",
    group: "engine",
    about: "the same module and loop, compiled to JavaScript by Binaryen; growth copies all memory",
    source: "this package, npm binaryen",
    abilities: ["frees"],
    control: null,
    prepare: () => promised(twin),
  },
];

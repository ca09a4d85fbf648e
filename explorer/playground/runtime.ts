// Runs a program, in a worker that can reach nothing: calls are made in a heap of its own, and
// told to whoever waits, so that they can be made again where they can be looked at.

import { startKernelSync, type Kernel } from "ptmalloc-wasm/kernel";
import { makeCall, madeCallNames } from "ptmalloc-wasm/shell";
import type { RunOrder, RunReport } from "./messages.js";

/** Calls to a message, and the most that a program may make. */
const BATCH = 200;
const MOST_CALLS = 100_000;
const MOST_OUTPUT = 500;

declare function postMessage(report: RunReport): void;

/** What a program has made and said so far. */
class Recorder {
  readonly #kernel: Kernel;
  #calls: { name: string; args: string[] }[] = [];
  #count = 0;
  #said = 0;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  make(name: string, args: readonly unknown[]): number {
    const numbers = args.map((arg) => BigInt(arg as number));
    if (++this.#count > MOST_CALLS) throw new Error(`more than ${MOST_CALLS} calls`);
    this.#calls.push({ name, args: numbers.map(String) });
    if (this.#calls.length >= BATCH) this.flush();
    return Number(makeCall(this.#kernel, { name, args: numbers }));
  }

  print(...values: readonly unknown[]): void {
    if (++this.#said > MOST_OUTPUT) return;
    postMessage({ kind: "output", text: values.map(String).join(" ") });
  }

  flush(): void {
    if (this.#calls.length > 0) postMessage({ kind: "calls", calls: this.#calls });
    this.#calls = [];
  }

  /** The memory: reading is free, and writing is a call, too. */
  bytes(): Uint8Array {
    const { process } = this.#kernel;
    return new Proxy(new Uint8Array(0), {
      get: (_, key) => {
        const bytes = process.u8();
        const index = typeof key === "string" ? Number(key) : NaN;
        if (Number.isInteger(index)) return bytes[index];
        const value = Reflect.get(bytes, key) as unknown;
        return typeof value === "function" ? (value as () => unknown).bind(bytes) : value;
      },
      set: (_, key, value) => {
        this.make("store", [Number(key), Number(value) & 255, 1]);
        return true;
      },
    });
  }
}

/** What a program can call, by name. */
function functionsFor(kernel: Kernel, recorder: Recorder): Record<string, unknown> {
  const { process } = kernel;
  const made = Object.fromEntries(
    madeCallNames().map((name) => [name, (...args: unknown[]) => recorder.make(name, args)]),
  );
  const store =
    (bytes: number) =>
    (address: number, value: number): void =>
      void recorder.make("store", [address, value, bytes]);
  return {
    ...made,
    store8: store(1),
    store16: store(2),
    store32: store(4),
    load8: (address: number) => process.view().getUint8(address),
    load16: (address: number) => process.view().getUint16(address, true),
    load32: (address: number) => process.view().getUint32(address, true),
    write: (address: number, text: string) => {
      [...new TextEncoder().encode(text)].forEach((byte, i) => store(1)(address + i, byte));
    },
    memory: recorder.bytes(),
    print: (...values: unknown[]) => recorder.print(...values),
  };
}

async function run({ wasm, abi, text }: RunOrder): Promise<void> {
  const kernel = startKernelSync({
    abi,
    wasm: new WebAssembly.Module(wasm as BufferSource),
    layout: "linux",
    startBrk: 16 << 20,
  });
  const recorder = new Recorder(kernel);
  const functions = functionsFor(kernel, recorder);
  try {
    const names = Object.keys(functions);
    const body = `"use strict"; return (async () => {\n${text}\n})()`;
    // eslint-disable-next-line @typescript-eslint/no-implied-eval
    const program = new Function(...names, body) as (...values: unknown[]) => Promise<void>;
    await program(...Object.values(functions));
    recorder.flush();
    postMessage({ kind: "end", failure: "" });
  } catch (error) {
    recorder.flush();
    const { message = String(error) } = error as Partial<Error>;
    postMessage({ kind: "end", failure: message });
  }
}

addEventListener("message", ({ data }: MessageEvent<RunOrder>) => void run(data));

// Processes for the engine: binaries fetched when they are asked for, compiled once.

import { startKernelSync, type Kernel } from "ptmalloc-wasm/kernel";
import type { Machine } from "../model/types.js";

/** The break of native recordings, bytes: it decides about blocks of large alignment. */
const START_BRK = 16 << 20;

const modules = new Map<string, Promise<WebAssembly.Module>>();
let base = "";

/** Says where the explorer's files are. @param url of its folder, with a slash at its end */
export function setBase(url: string): void {
  base = url;
}

/** @returns a file of the explorer's own @throws Error that names it */
export async function ownFile(path: string): Promise<Uint8Array> {
  const url = new URL(path, base);
  let answer: Response;
  try {
    answer = await fetch(url);
  } catch {
    throw new Error(`${path} cannot be fetched: is the server still there?`);
  }
  if (!answer.ok) throw new Error(`${path}: the server says ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

/** @returns the name of the binary of a machine, such as "full-2.43.lp64" */
function binaryName({ abi, glibc }: Machine): string {
  return `full${glibc === "2.36" ? "" : `-${glibc}`}.${abi}`;
}

/** @returns the binary of a machine, compiled */
export async function moduleOf(machine: Machine): Promise<WebAssembly.Module> {
  const name = binaryName(machine);
  let found = modules.get(name);
  if (found === undefined) {
    found = ownFile(`wasm/${name}.wasm`).then((bytes) =>
      WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>),
    );
    modules.set(name, found);
    found.catch(() => modules.delete(name));
  }
  return found;
}

/** @returns the binary of a machine, as bytes */
export async function binaryOf(machine: Machine): Promise<Uint8Array> {
  return ownFile(`wasm/${binaryName(machine)}.wasm`);
}

/** @returns a fresh process with every system call */
export function startMachine(module: WebAssembly.Module, { abi }: Machine): Kernel {
  return startKernelSync({ abi, wasm: module, layout: "linux", startBrk: START_BRK });
}

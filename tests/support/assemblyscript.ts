// AssemblyScript programs that use this package: compiled in a folder of their own in which the
// package is installed, as its users do.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { asc } from "./asc.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The runtimes, as asc's users name them. */
export const RUNTIMES = {
  incremental: "./node_modules/ptmalloc-wasm/as/incremental",
  minimal: "./node_modules/ptmalloc-wasm/as/minimal",
} as const;

/** What asc is told for each profile. */
export const PROFILES = { glibc: [], throughput: ["--use", "PTMALLOC_THROUGHPUT=1"] } as const;

/** The program ended by AssemblyScript's `abort`. */
export class ProgramAbort extends Error {
  override readonly name = "ProgramAbort";
}

/** What instances are asked for here: functions of numbers, BigInts in lp64. */
export type ProgramExports = Record<string, (...args: (number | bigint)[]) => number> & {
  readonly memory: WebAssembly.Memory;
};

/** A folder with the package, and asc beside it, in node_modules. */
export class Workshop {
  readonly folder = mkdtempSync(join(tmpdir(), "ptmalloc-as-"));

  /** @param ptmalloc what is installed as ptmalloc-wasm: this checkout by default */
  constructor(ptmalloc: string = root) {
    mkdirSync(join(this.folder, "node_modules"));
    symlinkSync(ptmalloc, join(this.folder, "node_modules", "ptmalloc-wasm"));
    const compiler = join(root, "node_modules", "assemblyscript");
    symlinkSync(compiler, join(this.folder, "node_modules", "assemblyscript"));
    symlinkSync(join(root, "bench", "programs"), join(this.folder, "programs"));
  }

  /** Writes a source. */
  write(name: string, source: string): void {
    writeFileSync(join(this.folder, name), source);
  }

  /**
   * Runs asc in the folder.
   * @returns what it printed: nothing, as a rule.
   * @throws Error with what it printed when it failed
   */
  asc(...args: string[]): Promise<string> {
    return asc(this.folder, ...args);
  }

  /** Compiles a source to a binary of that name. @throws Error when asc fails or warns */
  async compile(name: string, source: string, ...options: string[]): Promise<WebAssembly.Module> {
    this.write(`${name}.ts`, source);
    const printed = await this.asc(`${name}.ts`, "--outFile", `${name}.wasm`, ...options);
    if (printed !== "") throw new Error(`asc printed:\n${printed}`);
    return new WebAssembly.Module(readFileSync(join(this.folder, `${name}.wasm`)));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** The text of a string object of AssemblyScript's. */
function textAt(memory: WebAssembly.Memory, address: number): string {
  if (address === 0) return "";
  const bytes = new DataView(memory.buffer).getUint32((address >>> 0) - 4, true);
  const units = new Uint16Array(memory.buffer, address >>> 0, bytes / 2);
  return String.fromCharCode(...units);
}

/** An instance whose `abort` throws a ProgramAbort. */
export function instantiate(module: WebAssembly.Module): ProgramExports {
  const abort = (message: number, source: number): never => {
    throw new ProgramAbort(
      `${textAt(exports.memory, message)} (${textAt(exports.memory, source)})`,
    );
  };
  // A seed for hash functions and random numbers, the same every time.
  const { exports } = new WebAssembly.Instance(module, { env: { abort, seed: () => 1 } }) as {
    exports: unknown;
  } as { exports: ProgramExports };
  return exports;
}

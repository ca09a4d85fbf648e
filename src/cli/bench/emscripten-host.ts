// What a module of Emscripten's asks of the JavaScript around it, as far as an allocator goes: a
// memory, and its growth. The rest of the imports does nothing.

import { isError } from "../../base/realm.js";
import { WASM_PAGE_SIZE } from "../../layout/generated.js";

/** Sizes to begin with, in pages: 8 MiB and more; a module says its least only to who links it. */
const INITIAL_PAGES = [128, 256, 512, 1024, 2048] as const;
/** Most pages, as modules are usually linked: 2 GiB, else 4 GiB. */
const MAXIMUM_PAGES = [32_768, 65_536] as const;
/** Growth beyond what is needed: a fifth, but no more than so many pages. */
const STEP = 0.2;
const MOST_SPARE_PAGES = (96 << 20) / WASM_PAGE_SIZE;

/** An instance, and the memory that it imports. */
interface Hosted<Exports> {
  readonly exports: Exports;
  readonly memory: WebAssembly.Memory;
}

/**
 * Instantiates a module that was made by Emscripten for JavaScript, and that imports its memory.
 * @throws WebAssembly.LinkError where no memory of a usual size will do
 */
export function hostOf<Exports>(module: WebAssembly.Module): Hosted<Exports> {
  let trouble: unknown;
  for (const initial of INITIAL_PAGES)
    for (const maximum of MAXIMUM_PAGES) {
      const memory = new WebAssembly.Memory({ initial, maximum });
      try {
        const { exports } = new WebAssembly.Instance(module, importsOf(module, memory));
        (exports["__wasm_call_ctors"] as (() => void) | undefined)?.();
        return { exports: exports as Exports, memory };
      } catch (error) {
        if (!isError(error, "LinkError")) throw error;
        trouble = error;
      }
    }
  throw trouble;
}

function importsOf(module: WebAssembly.Module, memory: WebAssembly.Memory): WebAssembly.Imports {
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    const names = (imports[from] ??= {});
    if (kind === "memory") names[name] = memory;
    else if (name === "emscripten_resize_heap")
      names[name] = (bytes: number) => grow(memory, bytes);
    else names[name] = () => 0;
  }
  return imports;
}

/** Grows a memory to at least so many bytes, which may be signed. @returns whether it could */
function grow(memory: WebAssembly.Memory, bytes: number): number {
  const have = memory.buffer.byteLength / WASM_PAGE_SIZE;
  const needed = Math.ceil((bytes >>> 0) / WASM_PAGE_SIZE) - have;
  for (const step of [STEP, STEP / 2, STEP / 4, 0]) {
    const pages = Math.floor(have * step);
    try {
      memory.grow(Math.max(needed, Math.min(pages, needed + MOST_SPARE_PAGES)));
      return 1;
    } catch {
      // A smaller step may do.
    }
  }
  return 0;
}

// Whether a guest has an allocator of its own, which would share the memory with the heap unknown
// to it. Release builds have no names, and minified ones no imports and exports that say anything;
// but an allocator has to get its memory from somewhere, and that stays in the code: memory.grow,
// memory.size, or the address where free memory begins.

import { checkChoice } from "../base/checks.js";
import { functionNames, Section } from "./binary.js";
import type { Binary } from "./binary.js";
import { readCode } from "./code.js";
import type { CodeFacts, Wanted } from "./code.js";

/** What tells that a guest has, or may have, an allocator of its own. */
export interface OwnAllocator {
  /** Such as `it has a function "dlmalloc"`. */
  readonly evidence: string;
  /** False where it cannot be told. */
  readonly isCertain: boolean;
  /**
   * Whether it can live above or below the heap, in an area of its own: it takes pages by
   * memory.grow, which the heap leaves alone, or none. One that reads memory.size takes the heap's
   * pages for its own.
   */
  readonly canHaveArea: boolean;
}

/** Of a guest, as `readGuest` says it. */
export interface AllocatorOfGuest {
  readonly ownAllocator: OwnAllocator | undefined;
  readonly imports: readonly string[];
}

/**
 * What is done about a guest with an allocator of its own: `"refuse"` it; give each an area of its
 * own, `"areas"`, which goes when the guest's takes memory by memory.grow only; or believe that it
 * has `"none"`, whatever it looks like.
 */
export type OwnAllocatorChoice = "refuse" | "areas" | "none";

export const OWN_ALLOCATOR_CHOICES: readonly OwnAllocatorChoice[] = ["refuse", "areas", "none"];

/**
 * Refuses a guest that has another allocator in it, or may have.
 * @param option how the caller says what to do then, such as `option "ownAllocator"`
 * @throws TypeError saying what tells, and what can be done
 */
export function checkAllocator(
  { ownAllocator: own, imports }: AllocatorOfGuest,
  choice: OwnAllocatorChoice,
  option: string,
): void {
  checkChoice(option, choice, OWN_ALLOCATOR_CHOICES);
  if (own === undefined || choice === "none") return;
  const { evidence, isCertain, canHaveArea } = own;
  if (choice === "areas" && canHaveArea) return;
  if (choice === "areas")
    throw new TypeError(
      `${option} cannot be "areas": ${evidence}, and so may take the heap's pages for its own`,
    );
  const verb = isCertain ? "brings" : "may have";
  const shim = "compile guest/ptmalloc.c into it";
  const remedy =
    imports.length > 0
      ? `some of its calls go there and some to the heap: ${shim} (see docs/guests.md)`
      : `${shim}, or see docs/guests.md for other languages`;
  const ways = canHaveArea ? '"areas" keeps the two apart, "none"' : '"none"';
  throw new TypeError(
    `the guest ${verb} an allocator of its own (${evidence}): ${remedy}; ` +
      `${option}: ${ways} says that it does not allocate by it`,
  );
}

/** What a guest's code says about the memory that no data and no stack is in. */
export interface FreeMemoryUse {
  readonly own: OwnAllocator | undefined;
  /**
   * Whether the guest may use what lies between its data and stack and the end of the memory that
   * it begins with.
   */
  readonly usesInitial: boolean;
}

/** What the search goes by besides the binary itself. */
export interface AllocatorClues {
  /** The heap's functions that it imports. */
  readonly served: readonly string[];
  /** Names of all functions that it imports, as they were before they were minified. */
  readonly imported: readonly string[];
  /**
   * The value of its exported `__heap_base`, and that global's number; undefined when it has none.
   */
  readonly heapBase: { readonly value: number; readonly global: number } | undefined;
}

/**
 * Names that only an allocator's own functions have: dlmalloc (wasi-libc, Emscripten, Rust),
 * emmalloc and mimalloc (Emscripten).
 */
const ALLOCATORS =
  /^(dlmalloc|dlfree|emmalloc_\w+|_?mi_malloc_generic|_ZN8dlmalloc.*|_RN.*8dlmalloc.*)$/;

/**
 * What a guest without the heap's malloc exports when it has one itself: C, AssemblyScript, Rust,
 * the component model.
 */
const EXPORTED = /^(_?(malloc|calloc|realloc)|__new|__alloc|__wbindgen_malloc|cabi_realloc)$/;

/** Functions of the heap's by which a guest gets memory. */
const SUPPLIES = /^([a-z_]*alloc|reallocarray|[a-z_]*memalign|mmap|mremap|brk|sbrk)$/;

/** Those by which an allocator of the guest's own, over the heap's, gets it. */
const SYSTEM = /^(mmap|mremap|brk|sbrk)$/;

/** Emscripten's sbrk asks its JavaScript for more. */
const RESIZE = "emscripten_resize_heap";

/** Who calls it is guest/ptmalloc.c: Emscripten's own JavaScript grows the memory itself. */
const SHIM_NOTICE = "emscripten_notify_memory_growth";

/**
 * What guest/ptmalloc.ts exports. Behind it AssemblyScript's collector reads memory.size, once, for
 * a threshold.
 */
const RUNTIME = ["__alloc", "__realloc", "__free"] as const;

/** Emscripten's functions that know where the stack ends, which is where free memory begins. */
const STACK_LIMITS = /^(_*emscripten_stack_\w+|__set_stack_limits)$/;

/** @returns what tells of an allocator, and whether the guest's free memory is to be left to it */
export function findAllocator(binary: Binary, clues: AllocatorClues): FreeMemoryUse {
  const { served, imported, heapBase } = clues;
  const facts = factsOf(binary, heapBase);
  const supplied = served.some((name) => SUPPLIES.test(name));
  const resizes = imported.includes(RESIZE);
  const takes = facts.grows || facts.measures || resizes;
  const found = (evidence: string, isCertain = true): FreeMemoryUse => {
    const canHaveArea = facts.unknown === undefined && !facts.measures && !resizes;
    return { own: { evidence, isCertain, canHaveArea }, usesInitial: true };
  };
  const names = functionNames(binary);
  const named = names.find((name) => ALLOCATORS.test(name));
  const isOverHeap = served.some((name) => SYSTEM.test(name)) && !takes && !facts.unknown;
  if (named !== undefined && !isOverHeap) return found(`it has a function "${named}"`);
  if (facts.unknown !== undefined) {
    const { reason, index } = facts.unknown;
    return found(`its code cannot be read: there is ${reason} in function ${index}`, false);
  }
  if (resizes) return found(`it imports "${RESIZE}"`);
  if (!supplied) return ofGuestAlone(binary, facts, names, found);
  const tellTale = [facts.measures && "memory.size", facts.mentions && "__heap_base"].filter(
    Boolean,
  );
  if (facts.grows && tellTale.length > 0)
    return found(`its code has memory.grow, and ${tellTale.join(" and ")}`);
  if (tellTale.length > 1) return found(`its code has ${tellTale.join(" and ")}`);
  const isKnown = imported.includes(SHIM_NOTICE) || isRuntime(binary);
  if (facts.measures && heapBase === undefined && !isKnown)
    return found("its code has memory.size, and it does not export __heap_base", false);
  return { own: undefined, usesInitial: facts.mentions || heapBase === undefined };
}

/** A guest that gets no memory from the heap. */
function ofGuestAlone(
  { exports }: Binary,
  facts: CodeFacts,
  names: readonly string[],
  found: (evidence: string) => FreeMemoryUse,
): FreeMemoryUse {
  const nothing = "and imports none of the heap's functions that allocate";
  if (facts.grows) return found(`its code has memory.grow, ${nothing}`);
  if (facts.measures) return found(`its code has memory.size, ${nothing}`);
  const exported = exports.find(({ name, kind }) => kind === "function" && EXPORTED.test(name));
  if (exported !== undefined) return found(`it exports "${exported.name}", ${nothing}`);
  if (names.includes("malloc")) return found(`it has a function "malloc"`);
  return { own: undefined, usesInitial: true };
}

function isRuntime({ exports }: Binary): boolean {
  return RUNTIME.every((wanted) => exports.some(({ name }) => name === wanted));
}

type AllFacts = CodeFacts & Pick<ReturnType<typeof readCode>, "unknown">;

function factsOf(binary: Binary, heapBase: AllocatorClues["heapBase"]): AllFacts {
  const { sections, exports, imports } = binary;
  const wanted: Wanted = { isPlace: isNear(heapBase?.value), placeGlobal: heapBase?.global };
  const section = sections.find(({ id }) => id === Section.CODE);
  const { functions, unknown } = readCode(section?.content, wanted);
  const imported = imports.filter(({ kind }) => kind === "function").length;
  for (const { name, kind, index } of exports) {
    const facts = functions[index - imported];
    if (facts && kind === "function" && STACK_LIMITS.test(name)) facts.mentions = false;
  }
  return {
    grows: functions.some(({ grows }) => grows),
    measures: functions.some(({ measures }) => measures),
    mentions: functions.some(({ mentions }) => mentions) || isInData(binary, heapBase?.value),
    unknown,
  };
}

/** What an optimiser may have added to the address, to round it up. */
const NEAR_BYTES = 256;

function isNear(heapBase: number | undefined): (value: number) => boolean {
  if (heapBase === undefined) return () => false;
  return (value) => value >= heapBase && value < heapBase + NEAR_BYTES;
}

/**
 * Whether a pointer that is in the data from the beginning points to where free memory begins.
 * Optimisers leave out zero bytes at a segment's ends, so a pointer may be cut.
 */
function isInData({ data = [] }: Binary, heapBase: number | undefined): boolean {
  if (heapBase === undefined) return false;
  return data.some(({ begin, bytes }) => {
    const byte = (at: number): number => bytes[at] ?? 0;
    // Pointers are aligned, as far as it is known where they will be.
    const step = begin === undefined ? 1 : 4;
    for (let at = -((begin ?? 0) % 4); at < bytes.length; at += step) {
      const low = byte(at) | (byte(at + 1) << 8);
      if ((low | (byte(at + 2) << 16) | (byte(at + 3) << 24)) >>> 0 === heapBase) return true;
    }
    return false;
  });
}

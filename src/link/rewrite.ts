// Changes what a WebAssembly binary imports and exports, and leaves everything else as it is: no
// index moves.

import { KINDS, readModule, Section } from "./binary.js";
import type { Binary, ExportEntry, ImportEntry, MemoryLimits } from "./binary.js";
import { name, unsigned } from "./bytes.js";

/** The two names of an import. */
export interface ImportSource {
  readonly module: string;
  readonly name: string;
}

/** What to change. */
export interface Changes {
  /** Where an import comes from, instead of what the binary says. */
  readonly source?: (entry: ImportEntry) => ImportSource;
  /** Turns the memory that the module defines into an import of this name. */
  readonly importMemory?: ImportSource;
  /** Other limits for the module's only memory, imported or its own. */
  readonly limits?: (memory: MemoryLimits) => MemoryLimits;
  /** What an export is called; undefined takes it away. */
  readonly rename?: (entry: ExportEntry) => string | undefined;
  /** Exports the module's only memory under this name, besides what it is exported as. */
  readonly exportMemory?: string;
}

/** @returns the binary with the changes made; a new one */
export function rewrite(bytes: Uint8Array, changes: Changes, binary = readModule(bytes)) {
  const imports = importSection(binary, changes);
  const replaced = new Map<number, number[] | undefined>([
    [Section.IMPORT, imports],
    [Section.MEMORY, memorySection(binary, changes)],
    [Section.EXPORT, exportSection(binary, changes)],
  ]);
  const parts: Uint8Array[] = [bytes.subarray(0, 8)];
  const add = (id: number, content: ArrayLike<number>): void => {
    parts.push(Uint8Array.from([id, ...unsigned(content.length)]), Uint8Array.from(content));
  };
  const pending = [...replaced.keys()];
  for (const section of binary.sections) {
    // A section that was not there comes where the order of ids wants it.
    while (section.id !== Section.CUSTOM && pending.length > 0 && pending[0]! <= section.id) {
      const id = pending.shift()!;
      const content = replaced.get(id);
      if (content !== undefined) add(id, content);
    }
    if (section.name !== undefined) {
      const label = name(section.name);
      parts.push(Uint8Array.from([0, ...unsigned(label.length + section.content.length)]));
      parts.push(Uint8Array.from(label), section.content);
    } else if (!replaced.has(section.id)) add(section.id, section.content);
  }
  for (const id of pending) {
    const content = replaced.get(id);
    if (content !== undefined) add(id, content);
  }
  return concatenated(parts);
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function vector(items: readonly number[][]): number[] | undefined {
  return items.length === 0 ? undefined : [...unsigned(items.length), ...items.flat()];
}

function importSection({ imports, memories }: Binary, changes: Changes): number[] | undefined {
  const items = imports.map((entry) => {
    const source = changes.source?.(entry) ?? entry;
    const { kind, memory } = entry;
    const type = memory && changes.limits ? limits(changes.limits(memory)) : [...entry.type];
    return [...name(source.module), ...name(source.name), KINDS.indexOf(kind), ...type];
  });
  const [own] = memories;
  if (changes.importMemory !== undefined && own !== undefined) {
    const { importMemory, limits: change = (same: MemoryLimits) => same } = changes;
    const head = [...name(importMemory.module), ...name(importMemory.name)];
    items.push([...head, KINDS.indexOf("memory"), ...limits(change(own))]);
  }
  return vector(items);
}

function memorySection({ memories }: Binary, changes: Changes): number[] | undefined {
  if (changes.importMemory !== undefined) return undefined;
  const change = changes.limits ?? ((same: MemoryLimits) => same);
  return vector(memories.map((memory) => limits(change(memory))));
}

function exportSection({ exports }: Binary, changes: Changes): number[] | undefined {
  const { rename = ({ name: same }) => same, exportMemory } = changes;
  const kept = exports.flatMap((entry): ExportEntry[] => {
    const label = rename(entry);
    return label === undefined ? [] : [{ ...entry, name: label }];
  });
  if (exportMemory !== undefined && !kept.some((entry) => entry.name === exportMemory))
    kept.push({ name: exportMemory, kind: "memory", index: 0 });
  return vector(
    kept.map((entry) => [...name(entry.name), KINDS.indexOf(entry.kind), ...unsigned(entry.index)]),
  );
}

function limits({ initial, maximum, shared, is64 }: MemoryLimits): number[] {
  const flags = (maximum === undefined ? 0 : 1) | (shared ? 2 : 0) | (is64 ? 4 : 0);
  return [flags, ...unsigned(initial), ...(maximum === undefined ? [] : unsigned(maximum))];
}

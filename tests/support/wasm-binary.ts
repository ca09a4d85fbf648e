// Just enough of the WebAssembly binary format to see what a module is made of.

/** Section ids that matter here (WebAssembly core specification, "Binary Format", "Modules"). */
export const Section = {
  custom: 0,
  import: 2,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  data: 11,
  dataCount: 12,
} as const;

/** One section: its id, and for a custom one its name. */
export interface SectionInfo {
  id: number;
  size: number;
  name?: string;
}

function readVarUint(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  let shift = 0;
  let next = at;
  for (;;) {
    const byte = bytes[next++];
    if (byte === undefined) throw new RangeError("truncated WebAssembly binary");
    value += (byte & 0x7f) * 2 ** shift;
    shift += 7;
    if (byte < 0x80) return { value, next };
  }
}

/**
 * Lists a module's sections in order.
 * @param bytes a whole WebAssembly binary
 */
export function sectionsOf(bytes: Uint8Array): SectionInfo[] {
  const sections: SectionInfo[] = [];
  let at = 8;
  while (at < bytes.length) {
    const id = bytes[at];
    if (id === undefined) break;
    const { value: size, next } = readVarUint(bytes, at + 1);
    const info: SectionInfo = { id, size };
    if (id === Section.custom) {
      const name = readVarUint(bytes, next);
      info.name = new TextDecoder().decode(bytes.subarray(name.next, name.next + name.value));
    }
    sections.push(info);
    at = next + size;
  }
  return sections;
}

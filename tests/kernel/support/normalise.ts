/** Makes the logs of two runs comparable whose heap and mappings lie in different places. */

interface Mapping {
  readonly ordinal: number;
  start: number;
  length: number;
}

const CALL = /^(\w+)\((.*)\) += (.*)$/;

/**
 * Rewrites the addresses of a log of malloc's system calls: of the break as `start_brk+0x…`, of a
 * mapping as `#ORDINAL+0x…`, the ordinal counting mmap's results from 0 and staying with a mapping
 * that mremap moves.
 * @param lines strace's, or the model's
 * @param startBrk where the heap begins
 */
export function normalise(lines: readonly string[], startBrk: number): string[] {
  const mappings: Mapping[] = [];
  const hex = (value: number) => `0x${value.toString(16)}`;
  const place = (text: string): string => {
    const address = Number(text);
    const found = mappings.findLast(
      ({ start, length }) => address >= start && address < start + length,
    );
    return found === undefined ? text : `#${found.ordinal}+${hex(address - found.start)}`;
  };
  const heap = (text: string) =>
    text.replace(/^0x\w+$/, (at) => `start_brk+${hex(Number(at) - startBrk)}`);
  return lines.map((line) => {
    const [, name = "", args = "", result = ""] = CALL.exec(line) ?? [];
    const [first = "", second = "", third = "", ...rest] = args.split(", ");
    if (name === "brk") return `brk(${heap(first)}) = ${heap(result)}`;
    if (name === "mmap" || name === "mmap2") {
      if (!result.startsWith("0x")) return line;
      const ordinal = mappings.length;
      // Whole pages: what is behind belongs to nobody.
      const length = Math.ceil(Number(second) / 4096) * 4096;
      mappings.push({ ordinal, start: Number(result), length });
      return `mmap(${args}) = #${ordinal}`;
    }
    const where = place(first);
    if (name === "mremap") {
      const found = mappings.findLast(({ start }) => start === Number(first));
      if (found !== undefined && result.startsWith("0x")) {
        found.start = Number(result);
        found.length = Number(third);
      }
      return `mremap(${[where, second, third, ...rest].join(", ")}) = ${place(result)}`;
    }
    if (name === "munmap") {
      const found = mappings.findLast(({ start }) => start === Number(first));
      if (found !== undefined && found.length === Number(second)) found.length = 0;
    }
    return `${name}(${[where, ...args.split(", ").slice(1)].join(", ")}) = ${result}`;
  });
}

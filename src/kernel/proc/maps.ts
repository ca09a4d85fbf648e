// /proc/PID/maps, byte for byte (man 5 proc; fs/proc/task_mmu.c's output on a 64-bit kernel, also
// for 32-bit programs).

import { VM } from "../flags.js";
import { isShared, type Region } from "../regions.js";

/** Column at which a name starts; unnamed lines end in a space instead. */
const NAME_COLUMN = 73;

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

/**
 * @returns `head`, padded, and `name` behind it; a newline in a path is written as its octal code
 */
function withName(head: string, name: string): string {
  return `${head.padEnd(NAME_COLUMN - 1)} ${name.replaceAll("\n", "\\012")}`;
}

/** A region's permissions as maps shows them. @param flags VM bits @returns `rw-p` and the like */
export function permissions(flags: number): string {
  return (
    (flags & VM.READ ? "r" : "-") +
    (flags & VM.WRITE ? "w" : "-") +
    (flags & VM.EXEC ? "x" : "-") +
    (isShared(flags) ? "s" : "p")
  );
}

/**
 * A region's line of maps, and the first of its entry in smaps.
 * @returns the line, with its newline
 */
export function mapsLine(region: Region): string {
  const { start, end, offset, device, inode, name } = region;
  const head =
    `${hex(start, 8)}-${hex(end, 8)} ${permissions(region.flags)} ${hex(offset, 8)} ` +
    `${hex(device[0], 2)}:${hex(device[1], 2)} ${inode} `;
  return `${name === "" ? head : withName(head, name)}\n`;
}

/** The text of /proc/PID/maps. @param regions the lowest first */
export function procMaps(regions: Iterable<Region>): string {
  return [...regions].map(mapsLine).join("");
}

/**
 * @returns the line that opens smaps_rollup: from the first mapping's start to the last one's end
 */
export function rollupLine(start: number, end: number): string {
  const head = `${hex(start, 8)}-${hex(end, 8)} ---p 00000000 00:00 0 `;
  return `${withName(head, "[rollup]")}\n`;
}

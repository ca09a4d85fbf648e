// Colours for texts that have a form of their own: files of /proc, and lines of strace. Nothing but
// colours is added, and nothing at all where these are not wanted.

import type { Colors } from "./tables.js";

const MAPPING = /^([0-9a-f]+-[0-9a-f]+) ([-r][-w][-x][ps]) (\S+ \S+ \S+)( *)(.*)$/;
const FIELD = /^(\w+:)(.*)$/;
const CALL = /^(\w+)(\(.*\) *)= (.*)$/;

/** @returns /proc/self/maps, smaps or smaps_rollup in colours */
export function paintedMappings(text: string, colors: Colors): string {
  return painted(text, colors, (line) => {
    const mapping = MAPPING.exec(line);
    if (mapping !== null) {
      const [, range, rights, place, gap, name] = mapping as unknown as string[];
      const parts = [colors.cyan(range), rightsOf(rights!, colors), colors.dim(place)];
      return `${parts.join(" ")}${gap}${colors.bold(name)}`;
    }
    const field = FIELD.exec(line);
    if (field === null) return line;
    const [, name, value] = field as unknown as string[];
    return /^ +0 kB$/.test(value!) ? colors.dim(line) : colors.green(name) + value;
  });
}

/** What can be written stands out, and more so what can be run. */
function rightsOf(rights: string, colors: Colors): string {
  if (rights.includes("x")) return colors.red(rights);
  if (rights.includes("w")) return colors.yellow(rights);
  return rights.includes("r") ? colors.green(rights) : colors.dim(rights);
}

/** @returns lines of strace in colours: calls, results, and failures */
export function paintedCalls(text: string, colors: Colors): string {
  return painted(text, colors, (line) => {
    if (/^(?:---|\+\+\+) /.test(line)) return colors.red(line);
    const call = CALL.exec(line);
    if (call === null) return line;
    const [, name, args, result] = call as unknown as string[];
    const shown = result!.startsWith("-1 ") ? colors.red(result) : colors.green(result);
    return `${colors.cyan(name)}${args}= ${shown}`;
  });
}

function painted(text: string, colors: Colors, paint: (line: string) => string): string {
  return colors.isColorSupported ? text.split("\n").map(paint).join("\n") : text;
}

// Reports as text.

import type { TrackedBlock } from "./block.js";
import type { Mistake } from "./errors.js";
import type { LeakGroup } from "./leaks.js";

/** An address as it is in reports. */
export function hex(address: number): string {
  return `0x${address.toString(16).padStart(8, "0")}`;
}

/** "1 byte", "2 bytes" */
export function count(number: number, unit: string): string {
  return `${number} ${unit}${number === 1 ? "" : "s"}`;
}

/** Where an address is, as seen from a block. */
export function relation(address: number, block: TrackedBlock): string {
  const end = block.address + block.size;
  if (address < block.address) return `${count(block.address - address, "byte")} before`;
  if (address >= end) return `${count(address - end, "byte")} behind`;
  return `${count(address - block.address, "byte")} into`;
}

/** "a live block of 100 bytes, 0x00020480 to 0x000204e4" */
export function describeBlock(block: TrackedBlock): string {
  const state = block.state === "live" ? "a live" : "a freed";
  const range = `${hex(block.address)} to ${hex(block.address + block.size)}`;
  return `${state} block of ${count(block.size, "byte")}, ${range}`;
}

/** Who allocated a block, and who freed it. */
export function describeHistory(block: TrackedBlock): string {
  const parts: string[] = [];
  if (block.freed !== undefined) parts.push(`  freed by:\n${String(block.freed)}`);
  parts.push(`  allocated by ${block.call}:\n${String(block.allocated)}`);
  if (block.isAbandoned)
    parts.push("  its handle was collected as garbage without having been freed");
  return parts.join("\n");
}

/** The whole text of a mistake. */
export function describeMistake(mistake: Mistake): string {
  const { kind, address, action, block, place, stack } = mistake;
  const lines = [`${kind} at ${hex(address)}`, `  ${action}:\n${String(stack)}`];
  if (block !== undefined) {
    lines.push(`  ${hex(address)} is ${relation(address, block)} ${describeBlock(block)}`);
    lines.push(describeHistory(block));
  } else if (place !== undefined) lines.push(`  ${hex(address)} is ${place}`);
  return lines.join("\n");
}

/** The whole text of a leak report. */
export function describeLeaks(leaks: readonly LeakGroup[]): string {
  const blocks = leaks.reduce((sum, group) => sum + group.blocks.length, 0);
  const bytes = leaks.reduce((sum, group) => sum + group.bytes, 0);
  const lines = [`memory-leak of ${count(bytes, "byte")} in ${count(blocks, "block")}`];
  for (const group of leaks) {
    lines.push(
      `  ${count(group.bytes, "byte")} in ${count(group.blocks.length, "block")}, allocated by ${group.call}:`,
      String(group.stack),
    );
    const abandoned = group.blocks.filter(({ isAbandoned }) => isAbandoned).length;
    if (abandoned > 0)
      lines.push(`    handles of ${abandoned} were collected as garbage without having been freed`);
  }
  return lines.join("\n");
}

// The address space as JSON, for `maps` and `smaps`.

import { permissions, vmFlagsText, type Kernel } from "../../kernel.js";
import { provenance } from "../provenance.js";

/**
 * @param command the command's name
 * @param withUsage whether to count what is resident
 * @returns JSON text: addresses and bytes as numbers, residency in pages
 */
export function regionsJson(command: string, kernel: Kernel, withUsage: boolean): string {
  const regions = kernel.vmas().map((vma) => ({
    start: vma.start,
    end: vma.end,
    permissions: permissions(vma.flags),
    offset: vma.offset,
    inode: Number(vma.inode),
    name: vma.name,
    flags: vmFlagsText(vma.flags).trimEnd().split(" "),
    anonId: vma.anonId,
    pgoff: vma.pgoff,
    ...(withUsage ? { pages: kernel.usage(vma) } : {}),
  }));
  const format = `ptmalloc-wasm ${command} 1`;
  const { abi, glibc } = kernel.process;
  const object = { format, ...provenance(glibc), abi, glibc, regions };
  return `${JSON.stringify(object, null, 2)}\n`;
}

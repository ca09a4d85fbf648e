// Outside Node.js there are no files behind paths: whoever uses the kernel opens them and hands them over.

import type { HostFile } from "./host-file.js";

/** Always fails, with the way out in the message. Same signature as in Node.js. */
export function openNodeFile(path: string, _flags: number, _mode?: number): HostFile {
  throw new Error(
    `cannot open "${path}": outside Node.js files have no paths; give openFile() what openBlob(), openFileHandle() or ` +
      "openSyncHandle() return, or a MemoryFile",
  );
}

// What the full build asks of whoever has files: the imports of assembly/base/host.ts. `file` is
// the number that was given to `open_file`, positions and sizes are bytes, failures are -errno.

import { EBADF } from "../layout/generated.js";

/** The imports about files. Each works at once: WebAssembly cannot wait. */
export interface FileImports {
  /**
   * Reads up to `length` bytes at `position` to `address`.
   * @returns how many: fewer only at the end of the file
   */
  file_read(file: number, position: number, address: number, length: number): number;
  /** Writes `length` bytes from `address` at `position`. @returns `length` */
  file_write(file: number, position: number, address: number, length: number): number;
  /** @returns the file's size */
  file_size(file: number): number;
  /** Makes the file `size` bytes long. @returns 0 */
  file_truncate(file: number, size: number): number;
  /** Waits until what was written is on the disk. @returns 0 */
  file_sync(file: number, isDataOnly: number): number;
  /** Says that nobody uses the file any more. @returns 0 */
  file_close(file: number): number;
}

const refuse = (): number => -EBADF;

/** For a process that nobody gives files. */
export const NO_FILES: FileImports = {
  file_read: refuse,
  file_write: refuse,
  file_size: refuse,
  file_truncate: refuse,
  file_sync: refuse,
  file_close: refuse,
};

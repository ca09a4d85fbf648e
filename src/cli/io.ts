// What a command may touch of the process it runs in; tests give their own. And what it says when
// it cannot go on.

import { isError } from "../base/realm.js";

export { UsageError, UserError } from "../base/user-error.js";

/** The command's name, which its messages begin with. */
export const NAME = "ptmalloc-wasm";

/** A place for text or bytes: process.stdout, process.stderr, or a test's. */
export interface Output {
  write(data: string | Uint8Array): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Standard streams and environment of a command. */
export interface CliIo {
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EISDIR: "is a directory",
  ENOTDIR: "a part of the path is not a directory",
  EACCES: "permission denied",
  ENOSPC: "no space left on the device",
};

/**
 * @returns what the system says of a file or stream, in words; undefined for an error that is not
 *   the system's
 */
export function systemReason(error: unknown): string | undefined {
  if (!isError(error) || !("code" in error) || !("syscall" in error)) return undefined;
  return REASONS[String(error.code)] ?? error.message;
}

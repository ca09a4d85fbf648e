// What a command may touch of the process it runs in; tests give their own.

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

/** Something that went wrong and that the user can put right: shown without a stack, and the command exits with 1. */
export class UserError extends Error {
  override readonly name = "UserError";
}

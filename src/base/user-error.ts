// What a person can put right, told from what is wrong here.

/**
 * Something that went wrong and that the user can put right: shown without a stack, and the command
 * exits with `exitCode`.
 */
export class UserError extends Error {
  /** "UserError", also where a bundler has renamed the class. */
  override readonly name: string = "UserError";
  /** 1: the input is damaged, or the work failed. */
  readonly exitCode: number = 1;
}

/** A command line that cannot be meant: the command exits with 2, as after a wrong option. */
export class UsageError extends UserError {
  /** "UsageError", also where a bundler has renamed the class. */
  override readonly name = "UsageError";
  override readonly exitCode = 2;
}

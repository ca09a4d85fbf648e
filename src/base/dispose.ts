/// <reference lib="esnext.disposable" preserve="true" />
// `using` for objects of this package. Engines without Symbol.dispose (Safari up to 18, Firefox up
// to 140) get the symbol that compilers agree on for it, so that a class that is loaded there does
// not end up with a method called "undefined". The reference is for programs that are compiled for
// less than ESNext.

/**
 * `Symbol.dispose`, or where there is none `Symbol.for("Symbol.dispose")`, which what esbuild and
 * Babel make of `using` looks for.
 */
export const dispose: typeof Symbol.dispose =
  Symbol.dispose ?? (Symbol.for("Symbol.dispose") as typeof Symbol.dispose);

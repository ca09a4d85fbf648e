// AssemblyScript's compiler, in this process, where it has to be loaded but once.

interface Outcome {
  readonly error: Error | null;
  readonly stdout: { toString(): string };
  readonly stderr: { toString(): string };
}

/** TypeScript does not follow it: with asc's types come AssemblyScript's own globals. */
const name: string = "assemblyscript/asc";
const { main } = (await import(/* @vite-ignore */ name)) as {
  main(this: void, args: readonly string[]): Promise<Outcome>;
};

/** The compilation that is under way: asc has state of its own, so there is one at a time. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Compiles in a folder.
 * @returns what asc printed: nothing, as a rule
 * @throws Error with what it printed when it failed
 */
export async function asc(folder: string, ...args: string[]): Promise<string> {
  const compiled = last.then(() => main([...args, "--baseDir", folder]));
  last = compiled;
  const { error, stdout, stderr } = await compiled;
  const printed = stdout.toString() + stderr.toString();
  if (error !== null) throw new Error(printed, { cause: error });
  return printed;
}

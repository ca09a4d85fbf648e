// `npm run bench:setup`: who of `ptmalloc-wasm bench` can take part here, and what the others need.
//
//     npm run bench:setup                       builds what can be built, and says what is missing
//     npm run bench:setup -- --install          gets it, too, by apt-get and npm
//     npm run bench:setup -- mimalloc native    some of them alone

import { contestants, find } from "../src/cli/bench/registry.js";
import { setUp } from "../src/cli/bench/setup.js";
import { UsageError } from "../src/cli/io.js";

const INSTALL = "--install";

async function main(args: readonly string[]): Promise<void> {
  const names = args.filter((arg) => arg !== INSTALL);
  const among = names.length === 0 ? contestants : find(names);
  await setUp(process, among, args.includes(INSTALL));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`bench:setup: ${(error as Error).message}`);
  process.exitCode = error instanceof UsageError ? error.exitCode : 1;
});

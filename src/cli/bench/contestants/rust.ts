// Allocators of Rust programs, compiled for WebAssembly by the user's rustc: with the loop of
// bench/native/driver.rs in the same module.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import type { Contestant, Racer } from "../contestant.js";
import { MissingError } from "../contestant.js";
import { driverRacer } from "../driver.js";
import { benchSource, compiled, promised, toolVersion } from "../toolchain.js";

const GET_RUST = "apt-get install rustc libstd-rust-dev-wasm32 lld";
const TARGET = "wasm32-unknown-unknown";
/** Debian's has a library for WebAssembly where another, found first, has none. */
const COMPILERS = ["rustc", "/usr/bin/rustc"] as const;

const DRIVER = benchSource("driver.rs");
/** The driver's table has a block's address, its size and its alignment. */
const SLOT_BYTES = 12;

/** @returns the first rustc that has a library for WebAssembly. @throws MissingError */
function rustCompiler(): string {
  const found = COMPILERS.find((command) => {
    const args = ["--print", "target-libdir", "--target", TARGET];
    const { status, stdout } = spawnSync(command, args, { encoding: "utf8" });
    return status === 0 && existsSync(stdout.trim());
  });
  if (found !== undefined) return found;
  throw new MissingError(
    `there is no rustc with a library for ${TARGET}`,
    `${GET_RUST}; or rustup target add ${TARGET}`,
  );
}

function standardRacer(): Racer {
  const command = rustCompiler();
  const line = toolVersion(command, GET_RUST);
  const make = (area: number): Uint8Array =>
    compiled({
      name: "dlmalloc-rs",
      ending: ".wasm",
      command,
      args: [
        ...["--target", TARGET, "--crate-type", "cdylib", "--cfg", `area="${area}"`],
        ...["-C", "opt-level=3", "-C", "panic=abort", "-C", "strip=symbols"],
        ...["-C", `link-arg=--max-memory=${2 ** 32}`],
        DRIVER,
      ],
      inputs: [DRIVER],
      versions: [line],
      how: GET_RUST,
    });
  return driverRacer(make, line.replace(/ \(.*/, ""), SLOT_BYTES);
}

/** @returns a contestant that no package brings: people who have the crate can tell their own */
function withoutPackage(name: string, about: string): Contestant {
  return {
    name,
    title: `${name} (Rust)`,
    group: "wasm",
    about,
    source: `crates.io ${name}`,
    abilities: ["frees"],
    control: null,
    prepare: () =>
      promised((): Racer => {
        throw new MissingError(
          `${name} is in no Debian or npm package`,
          "crates.io has it; nothing here fetches or compiles crates",
        );
      }),
  };
}

/** Allocators of Rust programs. */
export const rustContestants: readonly Contestant[] = [
  {
    name: "dlmalloc-rs",
    title: "dlmalloc (Rust's std)",
    group: "wasm",
    about:
      "dlmalloc in Rust, as the toolchain compiled its std (Debian: few calls inlined); aligns to 8",
    source: "Debian rustc",
    abilities: ["frees"],
    control: null,
    prepare: () => promised(standardRacer),
  },
  withoutPackage("talc", "free lists in bins with a bitmap, for WebAssembly and without std"),
  withoutPackage("rlsf", "two-level segregated fit: every call takes bounded time"),
];

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readBinary, readBinarySync } from "../../../src/host/no-binaries.js";
import * as node from "../../../src/host/node-binaries.js";
import { startProcess, startProcessSync } from "../../../src/host/process.js";

const bytes = readFileSync(new URL("../../../build/core.ilp32.wasm", import.meta.url));
const EMPTY = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

describe("loading", () => {
  it("takes the package's own binary, the caller's bytes or a compiled module", async () => {
    const module = await WebAssembly.compile(bytes);
    const processes = [
      await startProcess(),
      startProcessSync(),
      await startProcess({ wasm: bytes }),
      startProcessSync({ wasm: bytes }),
      await startProcess({ wasm: module }),
      startProcessSync({ wasm: module }),
    ];
    const first = processes.map((process) => process.malloc(1));
    expect(new Set(first)).toEqual(new Set([0x20000 + 0x1a0]));
  });

  it("refuses a binary of the other layout, and says what differs", async () => {
    const expected = /not the lp64 build of this version: it lays out .*MallocState/;
    await expect(startProcess({ abi: "lp64", wasm: bytes })).rejects.toThrow(expected);
    expect(() => startProcessSync({ abi: "lp64", wasm: bytes })).toThrow(expected);
  });

  it("refuses what is no binary of this project, or no binary at all", async () => {
    await expect(startProcess({ wasm: EMPTY })).rejects.toThrow(/no "layout" section/);
    await expect(startProcess({ wasm: new Uint8Array([60, 33]) })).rejects.toThrow(
      WebAssembly.CompileError,
    );
  });

  it("outside Node.js asks for the binary", async () => {
    await expect(readBinary("core.ilp32")).rejects.toThrow(/"ptmalloc-wasm\/core.ilp32.wasm"/);
    expect(() => readBinarySync("core.ilp32")).toThrow(/pass the bytes/);
  });

  it("in Node.js names the missing file and how to make it", async () => {
    const expected = /nothing\.wasm: the WebAssembly binaries are made by "npm run build:wasm"/;
    await expect(node.readBinary("nothing")).rejects.toThrow(expected);
    expect(() => node.readBinarySync("nothing")).toThrow(expected);
  });
});

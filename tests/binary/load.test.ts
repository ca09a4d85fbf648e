import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createHeapSync } from "../../src/core.js";
import { heapMaker } from "../../src/heap/create.js";
import { binariesOf, PACKAGE_FILES } from "../../src/binary/sources.js";
import { workerId } from "../../src/base/node.js";
import { startProcess, startProcessSync, type ProcessOptions } from "../../src/process/process.js";

const bytes = readFileSync(new URL("../../build/core.ilp32.wasm", import.meta.url));
const EMPTY = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

afterEach(() => {
  vi.unstubAllGlobals();
});

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
    expect(new Set(first)).toEqual(new Set([0x21000 + 0x1a0]));
  });

  it("takes modules and bytes of another realm, as in the sandboxes of edge runtimes", async () => {
    const module = runInNewContext("new WebAssembly.Module(bytes)", {
      bytes,
    }) as WebAssembly.Module;
    const buffer = runInNewContext("new Uint8Array(bytes).buffer", { bytes }) as ArrayBuffer;
    expect(module).not.toBeInstanceOf(WebAssembly.Module);
    expect(buffer).not.toBeInstanceOf(ArrayBuffer);
    for (const wasm of [module, buffer]) {
      expect((await startProcess({ wasm })).malloc(1)).toBe(0x21000 + 0x1a0);
      expect(startProcessSync({ wasm }).malloc(1)).toBe(0x21000 + 0x1a0);
      expect(createHeapSync({ wasm }).malloc(1)).toBeGreaterThan(0);
    }
    const entry = binariesOf({ "core.ilp32": () => module });
    expect((await heapMaker(entry)()).malloc(1)).toBeGreaterThan(0);
  });

  it("refuses a binary of the other layout, and says which it is", async () => {
    const expected = /an ilp32 build, and lp64 is asked for \(option "abi"\)/;
    await expect(startProcess({ abi: "lp64", wasm: bytes })).rejects.toThrow(expected);
    expect(() => startProcessSync({ abi: "lp64", wasm: bytes })).toThrow(expected);
  });

  it("refuses what is no binary of this project, or no binary at all", async () => {
    await expect(startProcess({ wasm: EMPTY })).rejects.toThrow(
      /not one of ptmalloc-wasm: it has no section "layout"/,
    );
    await expect(startProcess({ wasm: new Uint8Array([60, 33]) })).rejects.toThrow(
      WebAssembly.CompileError,
    );
  });

  it("compiles what it knows once, also when several ask at the same time", async () => {
    const [first, second] = await Promise.all([startProcess(), startProcess()]);
    expect(first.module).toBe(second.module);
    expect(startProcessSync().module).toBe(first.module);
    const copy = new Uint8Array(bytes);
    const [third, fourth] = [await startProcess({ wasm: copy }), startProcessSync({ wasm: copy })];
    expect(third.module).toBe(fourth.module);
    expect(third.module).not.toBe(first.module);
  });

  it("does not keep a failure: the binary may be there the next time", async () => {
    let answer: unknown = new Response("gone", { status: 410 });
    vi.stubGlobal("fetch", () => Promise.resolve(answer));
    const wasm = new URL("https://example.test/later.wasm");
    await expect(startProcess({ wasm })).rejects.toThrow(/answered 410/);
    answer = new Response(bytes);
    expect((await startProcess({ wasm })).malloc(1)).toBeGreaterThan(0);
  });
});

describe("a binary from elsewhere", () => {
  const url = new URL("https://example.test/core.ilp32.wasm");

  function answer(body: BodyInit | null, init: ResponseInit = {}): void {
    vi.stubGlobal("fetch", () => Promise.resolve(new Response(body, init)));
  }

  it.each(["application/wasm", "application/wasm; charset=utf-8", "text/plain", undefined])(
    "is fetched, whatever its type: %s",
    async (type) => {
      const headers: HeadersInit = type === undefined ? {} : { "content-type": type };
      const at = new URL(`#${type}`, url);
      answer(bytes, { headers });
      expect((await startProcess({ wasm: at })).malloc(1)).toBeGreaterThan(0);
      expect((await startProcess({ wasm: `${at.href}2` })).malloc(1)).toBeGreaterThan(0);
      const response = new Response(bytes, { headers });
      expect((await startProcess({ wasm: response })).malloc(1)).toBeGreaterThan(0);
      const coming = Promise.resolve(new Response(bytes, { headers }));
      expect((await startProcess({ wasm: coming })).malloc(1)).toBeGreaterThan(0);
    },
  );

  it("may be a file, also without waiting", async () => {
    const wasm = new URL("../../build/core.ilp32.wasm", import.meta.url);
    expect((await startProcess({ wasm })).malloc(1)).toBeGreaterThan(0);
    expect(startProcessSync({ wasm: wasm.href }).malloc(1)).toBeGreaterThan(0);
  });

  it.each<[string, string | null, ResponseInit, RegExp]>([
    [
      "a page in its place",
      "<!DOCTYPE html><html>Not here</html>",
      { headers: { "content-type": "text/html" } },
      /https:\/\/example\.test\/core\.ilp32\.wasm is no WebAssembly binary: there is an HTML page \(it begins with "<!DOCTYPE html>.*as servers send for files that they do not have; its type is "text\/html"/,
    ],
    ["text", "hello", {}, /the bytes begin with "hello"; its type is "text\/plain/],
    ["nothing", null, {}, /there is nothing/],
    [
      "a 404",
      "gone",
      { status: 404, statusText: "Not Found" },
      /no WebAssembly binary at https:\/\/example\.test\/core\.ilp32\.wasm: the server answered 404 Not Found/,
    ],
  ])("is refused by its URL: %s", async (_, body, init, expected) => {
    answer(body, init);
    await expect(startProcess({ wasm: url })).rejects.toThrow(expected);
  });

  it("a network that does not answer is told with the URL", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("fetch failed")));
    await expect(startProcess({ wasm: url })).rejects.toThrow(
      "cannot fetch https://example.test/core.ilp32.wasm: fetch failed",
    );
  });

  it("names a file that is not there, and why it cannot be read", async () => {
    const wasm = new URL("nothing.wasm", import.meta.url);
    const expected = /cannot read .*nothing\.wasm: ENOENT.*npm run build:wasm/;
    await expect(startProcess({ wasm })).rejects.toThrow(expected);
    expect(() => startProcessSync({ wasm })).toThrow(expected);
  });

  it("names a file of the package that is not there, and the ways out", async () => {
    const expected = /cannot read .*build\/no\.lp64\.wasm: ENOENT[^]*bundlers.*option "wasm"/;
    await expect(PACKAGE_FILES.find("no.lp64")).rejects.toThrow(expected);
    expect(() => PACKAGE_FILES.findSync("no.lp64")).toThrow(expected);
  });

  it("cannot be fetched without waiting", () => {
    expect(() => startProcessSync({ wasm: url })).toThrow(/core\.ilp32\.wasm can only be had by/);
    expect(() => startProcessSync({ wasm: new Response(bytes) })).toThrow(/must not be a Response/);
  });

  it.each([1, null, {}, "no URL at all"])("refuses the option %o", async (wasm) => {
    const options = { wasm } as unknown as ProcessOptions<"ilp32", "core">;
    await expect(startProcess(options)).rejects.toThrow(/option "wasm"/);
    expect(() => startProcessSync(options)).toThrow(/option "wasm"/);
  });
});

describe("outside Node.js", () => {
  it.each([
    [{ threadId: 0, isMainThread: true }, false, 1],
    [{ threadId: 3, isMainThread: false }, false, 4],
    [{ threadId: 3, isMainThread: false }, true, 4],
    // A Web Worker of Deno's.
    [{ threadId: 0, isMainThread: true }, true, 0],
  ])("a worker has a number where all have their own: %o", (workers, isWebWorker, expected) => {
    vi.stubGlobal("process", { getBuiltinModule: () => workers });
    if (isWebWorker) vi.stubGlobal("WorkerGlobalScope", class {});
    expect(workerId()).toBe(expected);
  });

  it("the package's files are fetched, and there are no paths", async () => {
    const asked: string[] = [];
    vi.stubGlobal("process", undefined);
    vi.stubGlobal("fetch", (at: URL) => {
      asked.push(at.href);
      return Promise.resolve(new Response("x", { status: 404 }));
    });
    expect(workerId()).toBe(0);
    await expect(PACKAGE_FILES.find("core.lp64")).rejects.toThrow(
      /build\/core\.lp64\.wasm: .*404 .*: give the option "wasm", or import from the entry that brings/,
    );
    expect(asked).toEqual([new URL("../../build/core.lp64.wasm", import.meta.url).href]);
  });
});

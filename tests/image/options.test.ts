// What heap images are opened with: options of the right kind that agree with the image, and files.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { MemoryFile, openHeapImage, openHeapImageSync, readHeapImage } from "../../src/image.js";
import type { HeapImageOptions } from "../../src/image.js";
import { fileWith, open, refusal } from "./support.js";

describe("wrong options are named, with their rule", () => {
  const wrong: [object | null, RegExp][] = [
    [{ sync: "half" }, /option "sync" must be one of "full", "none"/],
    [{ sync: null }, /option "sync" must be one of "full", "none", got null/],
    [{ abi: "x32" }, /option "abi"/],
    [
      { profile: "fast" },
      /option "profile" must be one of "glibc", "throughput", "small", got "fast"/,
    ],
    [{ check: 5 }, /option "check" must be a boolean, got 5/],
    [{ check: null }, /option "check" must be a boolean/],
    [{ journal: "no" }, /option "journal" must be a boolean, got "no"/],
    [{ create: "yes" }, /option "create" must be a boolean/],
    [{ randomize: 1 }, /option "randomize" must be a boolean/],
    [{ fresh: 0 }, /option "fresh" must be a boolean/],
    [{ stableViews: "on" }, /option "stableViews" must be a boolean/],
    [{ base: "65536" }, /option "base" must be an integer, got "65536"/],
    [{ startBrk: -4096 }, /option "startBrk" must be from 65536/],
    [{ mmapBase: 1.5 }, /option "mmapBase" must be an integer/],
    [{ taskSize: null }, /option "taskSize" must be an integer, got null/],
    [{ layout: "dense" }, /option "layout" must be one of/],
    [{ tunables: 3 }, /option "tunables" must be a string or/],
    [{ tunables: { tcache: 3 } }, /glibc 2.36 has no tunable "glibc.malloc.tcache"/],
    [{ hugePages: true }, /option "hugePages" must be an object/],
    [{ cores: 0 }, /option "cores" must be from 1/],
    [{ memory: 5 }, /option "memory" must be a WebAssembly/],
    [{ wasm: null }, /option "wasm" must be/],
    [{ maximumPages: "many" }, /option "maximumPages" must be an integer/],
    [{ outOfMemory: "panic" }, /option "outOfMemory" must be one of/],
    [{ jornal: true }, /there is no option "jornal": did you mean "journal"\?/],
    [{ build: "core" }, /there is no option "build"/],
    [{ trace: () => undefined }, /there is no option "trace"/],
    [null, /options must be an object, got null/],
  ];
  it.each(wrong)("%j", async (options, says) => {
    const image = fileWith(10, { abi: "ilp32" });
    for (const file of [new MemoryFile(), image]) {
      const before = file.bytes();
      expect(() => openHeapImageSync(file, options as object)).toThrow(says);
      await expect(openHeapImage(file, options as object)).rejects.toThrow(says);
      expect(Buffer.compare(file.bytes(), before)).toBe(0);
    }
  });

  it("and a root that is no address", () => {
    const { heap } = open(new MemoryFile(), {});
    expect(() => (heap.root = -1)).toThrow(/root must be from 0/);
  });
});

it("options that agree with the image are accepted", () => {
  const file = new MemoryFile();
  const options: HeapImageOptions = {
    ...{ base: 0x20000, startBrk: 0x41000, taskSize: 0x1000000, layout: "linux" },
    ...{ mmapBase: 0x800000, cores: 4, hugePages: { transparent: 2 ** 21 } },
    tunables: { tcache_count: 3, mmap_max: 0, "glibc.malloc.mxfast": 32, hugetlb: 1 },
  };
  const { heap, work } = open(file, options);
  work.runTo(100);
  heap.close();
  expect(open(file, options).work.ops).toBe(100);
  expect(open(file, { tunables: "glibc.malloc.tcache_count=3" }).work.ops).toBe(100);
  expect(open(file, { randomize: true }).work.ops).toBe(100);
  const error = refusal(() => openHeapImageSync(file, { tunables: { mxfast: 64 } }));
  expect(error.reason).toBe("other-tunables");
});

describe("what is no file", () => {
  const wrong: [string, unknown, RegExp][] = [
    ["a number", 5, /a file must be a path, a file: URL or an open HostFile, got 5/],
    ["null", null, /got null/],
    ["undefined", undefined, /got undefined/],
    ["an object", {}, /got \[object Object\]/],
    ["bytes", new Uint8Array(4), /got \[object Uint8Array\]/],
    ["half a file", { read: () => 0, size: () => 0 }, /which lacks write, truncate, sync, close/],
    ["a URL of the web", new URL("https://example.org/h.img"), /a URL must be one of a file/],
    ["a URL of a host", new URL("file://elsewhere/heap.img"), /file:\/\/elsewhere\/heap.img.*host/],
    ["a URL of another realm", { href: "data:,x", protocol: "data:" }, /got "data:,x"/],
  ];
  it.each(wrong)("%s", async (_, file, says) => {
    expect(() => openHeapImageSync(file as string)).toThrow(says);
    await expect(openHeapImage(file as string)).rejects.toThrow(says);
    expect(() => readHeapImage(file as string)).toThrow(says);
    expect(() => openHeapImageSync(file as string)).toThrow(TypeError);
  });
});

it("a file: URL opens the file that it names", () => {
  const folder = mkdtempSync(join(tmpdir(), "image url "));
  try {
    const url = pathToFileURL(join(folder, "heap 1.img"));
    const first = openHeapImageSync(url, { sync: "none" });
    first.root = first.heap.malloc(8);
    first.close();
    expect(readHeapImage(url)?.root).toBe(first.root);
    // As another realm's: a URL is known by what it has.
    const { href, protocol } = url;
    expect(readHeapImage({ href, protocol })?.root).toBe(first.root);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

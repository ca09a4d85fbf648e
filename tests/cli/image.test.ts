import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openHeapImageSync, readHeapImage } from "../../src/image.js";
import { openNodeFile } from "../../src/kernel/files/node.js";
import { O } from "../../src/kernel/flags.js";
import { run } from "./run.js";

let folder: string;
let path: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "image-"));
  path = join(folder, "heap.img");
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A heap with one block in use, and one changed page that waits in the journal. */
function make(abi: "ilp32" | "lp64"): void {
  rmSync(path, { force: true });
  const image = openHeapImageSync(path, { abi, sync: "none" });
  image.root = image.heap.malloc(1000);
  image.msync();
  image.heap.u8(image.root, 1)[0] = 1;
  image.msync();
  image.discard();
}

/** Stores bytes in the file. */
function pokeFile(position: number, ...bytes: number[]): void {
  const file = openNodeFile(path, O.RDWR);
  file.write(position, new Uint8Array(bytes));
  file.close();
}

describe("image", () => {
  it("shows what a heap image says of itself, and checks it", async () => {
    make("ilp32");
    const { code, stdout, stderr } = await run(["image", path]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(`${path}: heap image, ilp32, generation 2
  format     2
  base       0x10000     the kernel's and libc's data
  start_brk  0x21000     the heap
  end        0x43000     of the last page
  TASK_SIZE  0xffff0000  the limit
  mmap_base  0x0         mappings: compact
  root       0x211a0     the program's own
  pages      51          204 KiB; the file: 228 KiB
  journal    1           pages, 0 of them not yet in their places
  brk        0x43000
  in use     1.38 KiB    free: 135 KiB
  check      sound
`);
  });

  it("as JSON, in the other layout", async () => {
    make("lp64");
    const { code, stdout } = await run(["image", "--json", path]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      format: "ptmalloc-wasm image 2",
      versions: { glibc: "2.36" },
      header: { version: 2, abi: "lp64", generation: 2, journal: { pages: 1 } },
      damaged_copies: [],
      heap: { recoveredPages: 0 },
      refused: null,
      damaged_pages: [],
    });
  });

  it("damaged pages: all of them, and exit code 1", async () => {
    make("ilp32");
    const { base } = readHeapImage(path)!;
    const pages = [2, 30, 31];
    for (const page of pages) pokeFile(8192 + page * 4096 + 5, 0x5a, 0xa5);
    const damaged = await run(["image", path]);
    expect(damaged.code).toBe(1);
    expect(damaged.stderr).toMatch(
      /^ptmalloc-wasm: .*heap\.img at byte 16384: the page at address 0x12000 is damaged: .*\n$/,
    );
    expect(damaged.stderr).toContain("; so are 2 more pages (corrupt-page)");
    expect(damaged.stdout).toMatch(/check +corrupt-page\n\nDamaged pages {2}3\n/);
    for (const page of pages) {
      const address = (base + page * 4096).toString(16);
      const row = `0x${address} +${8192 + page * 4096} +0x\\w{16} +0x\\w{16}\n`;
      expect(damaged.stdout).toMatch(new RegExp(row));
    }
    const { stdout, code } = await run(["image", "--json", path]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      heap: null,
      refused: { reason: "corrupt-page" },
      damaged_pages: pages.map((page) => ({ address: base + page * 4096 })),
    });
  });

  it("copies of a header that are damaged, while others are whole", async () => {
    make("ilp32");
    pokeFile(512 + 40, 0xff);
    pokeFile(4096 + 100, 0xff);
    const { code, stdout } = await run(["image", path]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /headers +2 of 16 copies +damaged, at byte 512, byte 4096; others are whole\n/,
    );
    expect(stdout).toMatch(/check +sound\n$/);
  });

  it("fits terminals from 60 columns on", async () => {
    make("ilp32");
    const [copy, page] = [512 + 40, 8192 + 30 * 4096];
    for (const positions of [[copy], [copy, page]]) {
      for (const position of positions) pokeFile(position, 0x5a);
      for (const columns of [60, 80, 100, 200]) {
        const { stdout } = await run(["image", path], "", { COLUMNS: String(columns) });
        for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(columns);
        expect(stdout).toMatch(/TASK_SIZE +0xffff0000 +the limit\n/);
      }
    }
  });

  it("a torn heap: what is wrong, and exit code 1", async () => {
    rmSync(path, { force: true });
    const image = openHeapImageSync(path, { sync: "none" });
    const block = image.heap.malloc(1000);
    // A program that writes before its block, and keeps that.
    image.heap.u32(block - 4, 1)[0] = 9;
    image.close();
    const torn = await run(["image", path]);
    expect(torn).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("torn-heap") as string,
    });
    expect(torn.stdout).toMatch(/check +torn-heap\n$/);
    const { stdout } = await run(["image", "--json", path]);
    expect(JSON.parse(stdout)).toMatchObject({ heap: null, refused: { reason: "torn-heap" } });
  });

  it("what is no image, or not there", async () => {
    writeFileSync(path, "something else");
    const other = await run(["image", path]);
    expect(other).toMatchObject({ code: 1, stdout: "" });
    expect(other.stderr).toMatch(/^ptmalloc-wasm: .*heap\.img at byte 0: .*\(not-an-image\)\n$/);
    writeFileSync(path, "");
    expect((await run(["image", path])).stderr).toContain("no msync was ever completed in it");
    const absent = await run(["image", join(folder, "absent")]);
    expect(absent).toMatchObject({ code: 1, stdout: "" });
    expect(absent.stderr).toMatch(/^ptmalloc-wasm: cannot open .*absent: ENOENT/);
  });
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openHeapImageSync, readHeapImage } from "../../../src/image/index.js";
import { openNodeFile } from "../../../src/kernel/files/node.js";
import { O } from "../../../src/kernel/flags.js";
import { layouts } from "../../../src/layout/generated.js";
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

describe("image", () => {
  it("shows what a heap image says of itself, and checks it", async () => {
    make("ilp32");
    const { code, stdout, stderr } = await run(["image", path]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(`${path}: heap image, ilp32, generation 2
  base       0x10000     the kernel's and libc's data
  start_brk  0x21000     the heap
  end        0x43000     of the last page
  TASK_SIZE  0xffff0000  the limit
  mmap_base  0x0         mappings: compact
  root       0x211a0     the program's own
  pages      51          204 KiB; the file: 220 KiB
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
      format: "ptmalloc-wasm image 1",
      header: { abi: "lp64", generation: 2, startBrk: 0x21000, journal: { pages: 1 } },
      heap: { recoveredPages: 0 },
      refused: null,
    });
  });

  it("a torn heap: what is wrong, and exit code 1", async () => {
    make("ilp32");
    const { base, root } = readHeapImage(path)!;
    const file = openNodeFile(path, O.RDWR);
    const { mchunkSize, fdWord } = layouts.ilp32.Chunk.fields;
    const at = root - fdWord.offset + mchunkSize.offset - base + 8192;
    // In its place and in the journal.
    for (const position of [at, file.size() - 4096 + (at % 4096)]) {
      file.write(position, new Uint8Array([9]));
    }
    file.close();
    const torn = await run(["image", path]);
    expect(torn).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("corrupt-journal") as string,
    });
    expect(torn.stdout).toMatch(/check +corrupt-journal\n$/);
    const { stdout } = await run(["image", "--json", path]);
    expect(JSON.parse(stdout)).toMatchObject({
      heap: null,
      refused: { reason: "corrupt-journal" },
    });
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

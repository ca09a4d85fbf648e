// Heap images in the profiles "throughput" and "small": they come back as they were, cache and all,
// and are not for other profiles, nor images of theirs for these.

import { describe, expect, it } from "vitest";
import { PROFILES } from "../../src/binary/profile.js";
import { createHeapSync } from "../../src/heap/create.js";
import { MemoryFile, openHeapImage, openHeapImageSync } from "../../src/image.js";
import { damagedBlocks } from "../support/image-workload.mjs";
import { Prng } from "../support/prng.js";
import { Reference, SEED, abis, fileWith, open, refusal, tableOf } from "./support.js";

const rows = abis.flatMap((abi) =>
  (["throughput", "small"] as const).map((profile) => ({ abi, profile })),
);

describe.each(rows)("images in the profile $profile, $abi", ({ abi, profile }) => {
  it.each([
    ["closed", true],
    ["left after msync", false],
  ])("every block is where it was: %s", (_, isClosed) => {
    const reference = new Reference({ abi, profile });
    const file = new MemoryFile();
    for (let ops = 150; ops <= 1500; ops += 150) {
      const { heap, work } = open(file, { abi, profile });
      work.runTo(ops);
      if (isClosed) heap.close();
      else heap.msync();
      const next = openHeapImageSync(file, { abi, profile });
      expect(next.heap.process.profile).toBe(profile);
      expect(next.check()).toBeUndefined();
      expect(tableOf(next)).toEqual(reference.tableAt(ops));
      expect(damagedBlocks(next.heap, reference.tableAt(ops))).toEqual([]);
    }
    // It is not glibc's heap that came back so well.
    expect(reference.tableAt(1500)).not.toEqual(new Reference({ abi }).tableAt(1500));
  });

  it("what is cached comes back: requests are served as if never closed", () => {
    const file = new MemoryFile();
    const reference = createHeapSync({ abi, profile });
    let heap = openHeapImageSync(file, { abi, profile });
    const random = new Prng(SEED);
    const blocks: number[] = [];
    for (let round = 0; round < 8; round++) {
      for (let op = 0; op < 400; op++) {
        if (blocks.length > 0 && random.chance(0.48)) {
          const [victim] = blocks.splice(random.int(0, blocks.length - 1), 1);
          reference.free(victim!);
          heap.heap.free(victim!);
          continue;
        }
        const bytes = random.power(0, random.chance(0.05) ? 16 : 11);
        const expected = reference.malloc(bytes);
        expect(heap.heap.malloc(bytes)).toBe(expected);
        blocks.push(expected);
      }
      if (round % 2 === 0) heap.close();
      else heap.msync();
      heap = openHeapImageSync(file, { abi, profile });
      expect(heap.heap.stats()).toEqual(reference.stats());
    }
  });

  it.each(PROFILES)("an image in %s is refused in another profile", async (written) => {
    const file = fileWith(200, { abi, profile: written });
    const before = file.bytes();
    const [other] = PROFILES.filter((one) => one !== written);
    const error = refusal(() => openHeapImageSync(file, { abi, profile: other! }));
    expect(error).toMatchObject({ name: "HeapImageError", reason: "other-layout" });
    expect(error.message).toContain('or in another profile (option "profile")');
    await expect(openHeapImage(file, { abi, profile: other! })).rejects.toThrow(error.message);
    expect(Buffer.compare(file.bytes(), before)).toBe(0);
    expect(open(file, { abi, profile: written }).work.ops).toBe(200);
  });

  it("the default is glibc's, for images, too", () => {
    const file = fileWith(50, { abi, profile });
    expect(refusal(() => openHeapImageSync(file, { abi })).reason).toBe("other-layout");
    expect(open(fileWith(50, { abi, profile: "glibc" }), { abi }).work.ops).toBe(50);
  });
});

describe.each(abis)("a damaged image, %s", (abi) => {
  const profile = "throughput";

  it("a damaged cache is a torn heap, by the name of its invariant", () => {
    const file = new MemoryFile();
    const heap = openHeapImageSync(file, { abi, profile, check: false });
    heap.heap.free(heap.heap.malloc(100));
    const { process } = heap.heap;
    const cache = process.raw.tcache() >>> 0;
    const { room } = process.structs.ClassCache.fields;
    process.view().setInt32(cache + room.offset, 16, true);
    heap.msync();
    const error = refusal(() => openHeapImageSync(file, { abi, profile }));
    expect(error).toMatchObject({ reason: "torn-heap", invariant: "TCACHE_COUNT" });
  });
});

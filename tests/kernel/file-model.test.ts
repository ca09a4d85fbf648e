// Random calls on shared mappings of two files, beside a naive model: what each file would hold if
// every store went there at once. Stores are raw, so the kernel does not see them. After msync the
// file holds the model's bytes. fast-check shrinks what fails and prints it with the seed.
// PTMALLOC_SEED=N tries other calls.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ERRNO, Kit, MAP, MREMAP, MS, PAGE, PROT } from "./conformance/kit.js";
import type { MemoryBytes } from "./conformance/kit.js";

const SEED = Number(process.env.PTMALLOC_SEED ?? 2036);
const RUNS = 60;
const FIXED_ANONYMOUS = MAP.PRIVATE | MAP.ANONYMOUS | MAP.FIXED;

/** Pages that a file may come to have. */
const PAGES_MAX = 12;

interface ModelFile {
  host: MemoryBytes;
  fd: number;
  /** What the file would hold. */
  bytes: Uint8Array;
}

/** Pages of a file, from number `pgoff` on, that are mapped at an address. */
interface Piece {
  file: ModelFile;
  at: number;
  pgoff: number;
  pages: number;
}

const KINDS = [
  ...(["map", "map", "unmap", "cover", "store", "store", "store", "store", "msync"] as const),
  ...(["pwrite", "pread", "ftruncate", "others", "remap", "remap", "protect", "reopen"] as const),
  "own",
] as const;

type Kind = (typeof KINDS)[number];
type Action = readonly [Kind, number, number, number, number];

const action: fc.Arbitrary<Action> = fc.tuple(
  fc.constantFrom(...KINDS),
  fc.nat(0xffff),
  fc.nat(0xffff),
  fc.nat(0xffff),
  fc.nat(255),
);

const isSame = (left: Uint8Array, right: Uint8Array): boolean => Buffer.compare(left, right) === 0;

class Run {
  readonly #k: Kit;
  readonly #files: ModelFile[];
  #pieces: Piece[] = [];

  constructor(kit: Kit) {
    this.#k = kit;
    this.#files = [3 * PAGE + 100, 6 * PAGE].map((size, file) => {
      const bytes = Uint8Array.from({ length: size }, (_, i) => file * 7 + (i % 13));
      const host = kit.file(bytes.slice());
      return { host, fd: kit.open(host), bytes };
    });
  }

  #memory(at: number, length: number): Uint8Array {
    return this.#k.m.process.u8().subarray(at, at + length);
  }

  #resize(file: ModelFile, size: number): void {
    const resized = new Uint8Array(size);
    resized.set(file.bytes.subarray(0, size));
    file.bytes = resized;
  }

  /** Whether a piece of the file, but for `except`, has one of these pages. */
  #isMapped(file: ModelFile, pgoff: number, pages: number, except?: Piece): boolean {
    return this.#pieces.some(
      (piece) =>
        piece !== except &&
        piece.file === file &&
        piece.pgoff < pgoff + pages &&
        pgoff < piece.pgoff + piece.pages,
    );
  }

  /** Takes pages out of a piece. */
  #cut(piece: Piece, from: number, pages: number): void {
    const { file, at, pgoff } = piece;
    const rest = piece.pages - from - pages;
    this.#pieces = this.#pieces.filter((other) => other !== piece);
    if (from > 0) this.#pieces.push({ file, at, pgoff, pages: from });
    const skip = from + pages;
    if (rest > 0)
      this.#pieces.push({ file, at: at + skip * PAGE, pgoff: pgoff + skip, pages: rest });
  }

  /** Some pages of a piece. */
  #part(piece: Piece, a: number, b: number): [from: number, pages: number] {
    const from = a % piece.pages;
    return [from, 1 + (b % (piece.pages - from))];
  }

  #map(file: ModelFile, pgoff: number, pages: number): void {
    const args = [0, pages * PAGE, PROT.RW, MAP.SHARED, file.fd, pgoff * PAGE] as const;
    if (this.#isMapped(file, pgoff, pages)) this.#k.fails("EOPNOTSUPP", "mmap", ...args);
    else this.#pieces.push({ file, at: this.#k.ok("mmap", ...args), pgoff, pages });
  }

  #unmap(piece: Piece, from: number, pages: number, isCovered: boolean): void {
    const at = piece.at + from * PAGE;
    if (isCovered) this.#k.ok("mmap", at, pages * PAGE, PROT.RW, FIXED_ANONYMOUS, -1, 0);
    this.#k.ok("munmap", at, pages * PAGE);
    this.#cut(piece, from, pages);
  }

  /** Stores behind the end of the file are made, too, and must not matter. */
  #store(piece: Piece, a: number, b: number, value: number): void {
    const within = Math.ceil(piece.file.bytes.length / PAGE) - piece.pgoff;
    const room = Math.min(piece.pages, within) * PAGE;
    if (room <= 0) return;
    const offset = (a * 37) % room;
    const length = Math.min(1 + (b % (b % 3 === 0 ? 9000 : 100)), room - offset);
    this.#memory(piece.at + offset, length).fill(value);
    const position = piece.pgoff * PAGE + offset;
    piece.file.bytes.fill(value, position, position + length);
  }

  #msync(piece: Piece, from: number, pages: number, flags: number): void {
    this.#k.ok("msync", piece.at + from * PAGE, pages * PAGE, flags);
    const start = (piece.pgoff + from) * PAGE;
    const { host, bytes } = piece.file;
    const [got, want] = [host.bytes, bytes].map((all) => all.subarray(start, start + pages * PAGE));
    if (!isSame(got!, want!)) throw new Error("msync did not bring everything to the file");
  }

  #pwrite(file: ModelFile, position: number, length: number, value: number): void {
    const contents = new Uint8Array(length).fill(value);
    this.#k.pwrite(file.fd, contents, position);
    if (position + length > file.bytes.length) this.#resize(file, position + length);
    file.bytes.set(contents, position);
  }

  #pread(file: ModelFile, position: number, length: number): void {
    const got = this.#k.pread(file.fd, length, position);
    if (!isSame(got, file.bytes.subarray(position, position + length)))
      throw new Error("pread gave something else");
  }

  /**
   * Somebody else writes to a page: it may be mapped, but nobody has stored there since the last
   * msync.
   */
  #others(file: ModelFile, a: number, value: number): void {
    if (file.bytes.length === 0) return;
    const position = (a * 37) % file.bytes.length;
    const page = Math.floor(position / PAGE);
    const piece = this.#pieces.find(
      (other) => other.file === file && other.pgoff <= page && page < other.pgoff + other.pages,
    );
    const at = piece === undefined ? 0 : piece.at + (page - piece.pgoff) * PAGE;
    if (piece !== undefined) this.#k.ok("msync", at, PAGE, MS.SYNC);
    file.host.bytes[position] = value;
    file.bytes[position] = value;
    if (piece !== undefined) this.#k.ok("msync", at, PAGE, MS.INVALIDATE);
  }

  #remap(piece: Piece, pages: number): void {
    const { file, at, pgoff } = piece;
    const gained = pages - piece.pages;
    // mremap wants one region.
    this.#k.ok("mprotect", at, piece.pages * PAGE, PROT.RW);
    const args = [at, piece.pages * PAGE, pages * PAGE, MREMAP.MAYMOVE, 0] as const;
    if (gained > 0 && this.#isMapped(file, pgoff + piece.pages, gained, piece)) {
      this.#k.fails("EOPNOTSUPP", "mremap", ...args);
      return;
    }
    const place = this.#k.ok("mremap", ...args);
    this.#cut(piece, 0, piece.pages);
    this.#pieces.push({ file, at: place, pgoff, pages });
  }

  /** A mapping of one's own has what the file would hold, and zeros behind. */
  #own(file: ModelFile, pgoff: number, pages: number): void {
    const length = pages * PAGE;
    const at = this.#k.mapFile(file.fd, length, PROT.RW, MAP.PRIVATE, pgoff * PAGE);
    const want = new Uint8Array(length);
    want.set(file.bytes.subarray(pgoff * PAGE, pgoff * PAGE + length));
    if (!isSame(this.#memory(at, length), want)) throw new Error("a private mapping differs");
    this.#memory(at, length).fill(5);
    this.#k.ok("munmap", at, length);
  }

  perform([kind, a, b, c, value]: Action): void {
    const file = this.#files[a % 2]!;
    const pgoff = b % PAGES_MAX;
    const pages = 1 + (c % (PAGES_MAX - pgoff));
    const position = (b * 7) % (PAGES_MAX * PAGE - 4000);
    if (kind === "map") this.#map(file, pgoff, pages);
    else if (kind === "own") this.#own(file, pgoff, pages);
    else if (kind === "pwrite") this.#pwrite(file, position, 1 + (c % 4000), value);
    else if (kind === "pread") this.#pread(file, position, 1 + (c % 4000));
    else if (kind === "others") this.#others(file, b, value);
    else if (kind === "ftruncate") {
      const size = c % 3 === 0 ? pgoff * PAGE : position;
      this.#k.ok("ftruncate", file.fd, size);
      this.#resize(file, size);
    } else if (kind === "reopen") {
      this.#k.ok("close", file.fd);
      if (!isSame(file.host.bytes, file.bytes)) throw new Error("close did not write everything");
      file.fd = this.#k.open(file.host);
    } else {
      const piece = this.#pieces[a % Math.max(1, this.#pieces.length)];
      if (piece !== undefined) this.#onPiece(kind, piece, b, c, value);
    }
  }

  #onPiece(kind: Kind, piece: Piece, b: number, c: number, value: number): void {
    const [from, pages] = this.#part(piece, b, c);
    const at = piece.at + from * PAGE;
    if (kind === "unmap" || kind === "cover") this.#unmap(piece, from, pages, kind === "cover");
    else if (kind === "store") this.#store(piece, b, c, value);
    else if (kind === "msync") this.#msync(piece, from, pages, [MS.SYNC, MS.ASYNC, 0][value % 3]!);
    else if (kind === "remap") this.#remap(piece, 1 + (c % Math.max(1, PAGES_MAX - piece.pgoff)));
    else this.#k.ok("mprotect", at, pages * PAGE, value & 1 ? PROT.READ : PROT.RW);
  }

  /** Every mapping shows what the file would hold. */
  check(): void {
    expect(this.#k.m.process.raw.check_kernel()).toBe(0);
    for (const { file, at, pgoff, pages } of this.#pieces) {
      const want = file.bytes.subarray(pgoff * PAGE, (pgoff + pages) * PAGE);
      if (!isSame(this.#memory(at, want.length), want))
        throw new Error(`the mapping at ${at} shows something else`);
    }
  }

  /** Syncs what is mapped: then the files hold just what they would. */
  finish(): void {
    for (const { at, pages } of this.#pieces) this.#k.ok("msync", at, pages * PAGE, MS.SYNC);
    for (const { host, bytes } of this.#files) {
      expect(host.size).toBe(bytes.length);
      if (!isSame(host.bytes, bytes)) throw new Error("a file holds something else");
    }
    for (const { at, pages } of this.#pieces) this.#k.ok("munmap", at, pages * PAGE);
    for (const { fd } of this.#files) this.#k.ok("close", fd);
    expect(this.#k.files.count).toBe(0);
  }
}

describe.each(["ilp32", "lp64"] as const)("shared mappings, %s", (abi) => {
  it(`are what the model says, over ${RUNS} runs of random calls`, () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80, size: "max" }), (actions) => {
        const run = new Run(new Kit(abi));
        for (const each of actions) {
          run.perform(each);
          run.check();
        }
        run.finish();
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });

  it("never lose a store where the host fails now and then", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffff), { maxLength: 40, size: "max" }), (choices) => {
        const k = new Kit(abi);
        const file = k.file(8 * PAGE);
        const at = k.mapFile(k.open(file), 8 * PAGE, PROT.RW, MAP.SHARED);
        for (const choice of choices) {
          k.m.poke(at + (choice % (8 * PAGE)), choice & 255);
          k.files.refuseWrites = choice % 3 === 0 ? ERRNO.ENOSPC : 0;
          const result = k.m.call("msync", at, 8 * PAGE, MS.SYNC);
          expect(result).toBe(isSame(k.get(at, 8 * PAGE), file.bytes) ? 0 : -ERRNO.ENOSPC);
        }
        k.files.refuseWrites = 0;
        const want = k.get(at, 8 * PAGE);
        k.ok("munmap", at, 8 * PAGE);
        expect(isSame(file.bytes, want)).toBe(true);
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });
});

// Random system calls on the WebAssembly kernel and on the naive one, compared after each call.

import type { Abi } from "../../../src/layout/address.js";
import { Prng } from "../../support/prng.js";
import { Machine } from "../support/machine.js";
import type { CallName, Region } from "../support/machine.js";
import { NaiveKernel } from "./kernel.js";
import { PAGE, VM } from "./pages.js";
import type { Bounds } from "./pages.js";

const BASE = 0x10000;
const END = 320;
const HELPER_LENGTH = 1;
const VM_ACCOUNT = 0x100000;
const RLIMIT = { AS: 9, MEMLOCK: 8 } as const;

/** One call as it is logged. */
type Call = [name: string, ...args: number[]];

/** The first page behind the kernel's own: the heap begins there. */
function firstPage(abi: Abi): number {
  const bytes = new Machine({ abi, base: BASE }).process.raw.kernel_bytes() >>> 0;
  return Math.ceil((BASE + bytes) / PAGE);
}

/** A pair of kernels in the same state. */
export class Pair {
  readonly #machine: Machine;
  readonly #naive: NaiveKernel;
  readonly #rng: Prng;
  readonly #helper: number;
  readonly #start: number;
  #regions: Region[] = [];
  /** The calls so far, for the report of a difference. */
  readonly log: Call[] = [];

  constructor(seed: number, abi: Abi, start = firstPage(abi)) {
    this.#start = start;
    const isTopDown = seed % 2 === 1;
    const bounds: Bounds = { start, end: END, mmapBase: isTopDown ? 300 : 110, isTopDown };
    this.#rng = new Prng(seed);
    this.#machine = new Machine({
      abi,
      base: BASE,
      startBrk: start * PAGE,
      taskSize: END * PAGE,
      // All of it from the start, and more to come: the kernel's own tables then lie behind it, not
      // in a hidden region.
      memory: new WebAssembly.Memory({ initial: (END * PAGE) / 65536, maximum: 64 }),
      fresh: true,
      mmapBase: bounds.mmapBase * PAGE,
      layout: isTopDown ? "top-down" : "linux",
    });
    this.#naive = new NaiveKernel(bounds);
    // A page that system calls may write to.
    this.#helper = (END - 1) * PAGE;
    this.#both(["mmap", this.#helper, HELPER_LENGTH * PAGE, 3, 0x32]);
    this.#both(["touch", this.#helper, 1, 0]);
  }

  /** One random call. @returns what differs, or undefined */
  step(): string | undefined {
    const difference = this.#both(this.#draw()) ?? this.#compareRegions();
    if (difference !== undefined) return difference;
    return this.log.length % 8 === 0 ? this.#comparePages() : undefined;
  }

  /** Makes the model wrong: for tests that want to see it noticed. */
  damage(what: "protection" | "page"): void {
    const { pages } = this.#naive;
    const page = pages.flags.findIndex((flags) => flags !== 0);
    if (what === "page") pages.flags[page] = 0;
    else pages.flags[page] = (pages.flags[page]! ^ VM.EXEC) >>> 0;
  }

  // ------------------------------------------------------------ drawing

  /** Pages to work on: often some that are mapped, never the helper. */
  #range(): [address: number, pages: number] {
    const rng = this.#rng;
    const regions = this.#regions.filter(({ start }) => start < this.#helper);
    if (regions.length > 0 && rng.chance(0.7)) {
      const { start, end } = rng.pick(regions);
      const last = Math.min(end, this.#helper);
      const first = rng.chance(0.5) ? start : start + rng.int(0, (last - start) / PAGE - 1) * PAGE;
      const pages = (last - first) / PAGE;
      return [first, rng.chance(0.5) ? pages : rng.int(1, pages)];
    }
    const page = rng.int(this.#start, END - 2);
    return [page * PAGE, rng.int(1, Math.min(12, END - 1 - page))];
  }

  /** A length of so many pages, sometimes a little less. */
  #length(pages: number): number {
    return pages * PAGE - (this.#rng.chance(0.1) ? this.#rng.int(0, PAGE - 1) : 0);
  }

  #draw(): Call {
    const rng = this.#rng;
    const [at, pages] = this.#range();
    const address = rng.chance(0.02) ? at + rng.int(1, PAGE - 1) : at;
    const length = rng.chance(0.02) ? 0 : this.#length(pages);
    const kind = rng.int(0, 99);
    if (kind < 20) return this.#drawMmap(address, pages);
    if (kind < 29) return ["munmap", address, length];
    if (kind < 43) return this.#drawMremap(address, pages);
    if (kind < 54) return ["mprotect", address, length, rng.pick([0, 1, 3, 3, 5, 7])];
    if (kind < 65) {
      const advice = rng.pick([0, 1, 2, 3, 4, 4, 4, 8, 10, 11, 16, 17, 18, 19, 99]);
      return ["madvise", address, length, advice];
    }
    if (kind < 68) return ["msync", address, length, rng.pick([0, 1, 2, 4, 5, 6, 8])];
    if (kind < 71) return ["mincore", address, length];
    if (kind < 75) return ["mlock2", address, length, rng.pick([0, 0, 1, 2])];
    if (kind < 79) return ["munlock", address, length];
    if (kind < 80)
      return rng.chance(0.5) ? ["munlockall"] : ["mlockall", rng.pick([0, 1, 2, 3, 4, 6, 7])];
    if (kind < 87) return ["brk", this.#naive.brk + rng.int(-6 * PAGE, 8 * PAGE)];
    if (kind < 89) return this.#drawLimit();
    return [
      "touch",
      address - (address % PAGE) + rng.int(0, pages - 1) * PAGE,
      rng.int(0, 1),
      rng.int(1, 255),
    ];
  }

  #drawMmap(address: number, pages: number): Call {
    const rng = this.#rng;
    let flags = rng.chance(0.2) ? 0x21 : rng.chance(0.02) ? 0x20 : 0x22;
    if (rng.chance(0.1)) flags |= 0x4000;
    if (rng.chance(0.1)) flags |= 0x8000;
    if (rng.chance(0.04)) flags |= 0x2000;
    const place = rng.pick([0, 0, 0x10, 0x10, 0x10, 0x100000, 0x100010]);
    const at = place === 0 && rng.chance(0.5) ? 0 : address;
    return [
      "mmap",
      at,
      rng.chance(0.02) ? 0 : this.#length(pages),
      rng.pick([0, 1, 3, 3, 3, 5, 7]),
      flags | place,
    ];
  }

  /** Whether [address, address + bytes) lies in one region. */
  #isOneRegion = (address: number, bytes: number): boolean =>
    this.#regions.some(({ start, end }) => start <= address && address + bytes <= end);

  #regionAt = (address: number): Region =>
    this.#regions.find(({ start, end }) => start <= address && address < end)!;

  #drawMremap(address: number, pages: number): Call {
    const rng = this.#rng;
    const old = pages * PAGE;
    const isShared = this.#holdsShared(address, old);
    const wanted = rng.chance(0.03) ? 0 : rng.int(1, pages + 6) * PAGE;
    const room = END - 1 - wanted / PAGE;
    const to = rng.int(this.#start, Math.max(this.#start, room)) * PAGE;
    const kind = rng.int(0, 9);
    if (kind < 3) return ["mremap", address, old, wanted, 0, 0];
    if (kind < 6) return ["mremap", address, old, wanted, 1, 0];
    if (kind === 6) return ["mremap", address, old, wanted, rng.pick([2, 4, 8]), to];
    // Several regions at once are for the recordings from Linux.
    if (!this.#isOneRegion(address, old)) return ["mremap", address, old, old, 0, 0];
    if (kind === 7 && !isShared) {
      const far = rng.int(this.#start, Math.max(this.#start, END - 1 - pages)) * PAGE;
      // Where the copy becomes one region with what it came from, it loses its lock as well: see
      // the recordings.
      const { start, end } = this.#regionAt(address);
      if (far <= end && start <= far + old) return ["mremap", address, old, old, 0, 0];
      return ["mremap", address, old, old, 7, far];
    }
    return ["mremap", address, old, wanted, 3, to];
  }

  #holdsShared(address: number, bytes: number): boolean {
    return this.#regions.some(
      ({ start, end, flags }) =>
        (flags & VM.SHARED) !== 0 && start < address + bytes && end > address,
    );
  }

  #drawLimit(): Call {
    const rng = this.#rng;
    if (rng.chance(0.5)) return ["limit", RLIMIT.MEMLOCK, rng.pick([0, 4, 20, 60, 2048, 2048])];
    const { total } = this.#naive.pages;
    return ["limit", RLIMIT.AS, rng.pick([Math.max(0, total + rng.int(-2, 20)), 2 ** 19, 2 ** 19])];
  }

  // ------------------------------------------------------------ comparing

  /** Makes a call on both sides. */
  #both(call: Call): string | undefined {
    this.log.push(call);
    const native = this.#perform(call);
    const naive = this.#expect(call);
    return native === naive ? undefined : `result: wasm ${native}, model ${naive}`;
  }

  #perform([name, ...args]: Call): string {
    const m = this.#machine;
    const [a = 0, b = 0, c = 0] = args;
    if (name === "touch") {
      const signal = m.touch(a, 1, b === 1);
      if (signal !== 0) return `signal ${signal}`;
      if (b === 1) m.poke(a, c);
      return String(m.peek(a));
    }
    if (name === "limit") {
      const view = m.process.view();
      view.setBigUint64(this.#helper, BigInt(b * PAGE), true);
      view.setBigUint64(
        this.#helper + 8,
        BigInt(a === RLIMIT.MEMLOCK ? 2048 * PAGE : 2 ** 40),
        true,
      );
      return String(m.call("prlimit64", 0, a, this.#helper, 0));
    }
    if (name === "mincore") {
      const result = m.call("mincore", a, b, this.#helper);
      const bits = Array.from(
        { length: Math.ceil(b / PAGE) },
        (_, i) => m.peek(this.#helper + i) & 1,
      );
      return result === 0 ? bits.join("") : String(result);
    }
    if (name === "mmap") return String(m.call("mmap", ...args, -1, 0));
    return String(m.call(name as CallName, ...args));
  }

  #expect([name, ...args]: Call): string {
    const n = this.#naive;
    const [a = 0, b = 0, c = 0, d = 0, e = 0] = args;
    switch (name) {
      case "touch": {
        const signal = n.touch(a / PAGE, b === 1);
        if (signal !== 0) return `signal ${signal}`;
        if (b === 1) n.pages.value[a / PAGE] = c;
        return String(n.pages.value[a / PAGE]);
      }
      case "limit":
        if (a === RLIMIT.AS) n.limitAs = b;
        else n.limitMemlock = b;
        return "0";
      case "mincore": {
        const bits = n.mincore(a, b);
        return typeof bits === "number" ? String(bits) : bits.join("");
      }
      case "mmap":
        return String(n.mmap(a, b, c, d));
      case "munmap":
        return String(n.munmap(a, b));
      case "mremap": {
        const call = { address: a, oldLength: b, newLength: c, flags: d, to: e };
        return String(n.mremap(call, this.#regionAt));
      }
      case "mprotect":
        return String(n.mprotect(a, b, c));
      case "madvise":
        return String(n.madvise(a, b, c));
      case "msync":
        return String(n.msync(a, b, c));
      case "mlock2":
        return String(n.mlock(a, b, c));
      case "munlock":
        return String(n.munlock(a, b));
      case "mlockall":
        return String(n.mlockall(a));
      case "munlockall":
        return String(n.munlockall());
      case "brk":
        return String(n.moveBreak(a));
      default:
        throw new Error(`no such call: ${name}`);
    }
  }

  /** Regions, counts and the table's own invariants. */
  #compareRegions(): string | undefined {
    const m = this.#machine;
    const broken = m.process.raw.check_kernel();
    if (broken !== 0) return `invariant ${broken}`;
    this.#regions = m.regions();
    const { pages } = this.#naive;
    let page = this.#start;
    for (const { start, end, flags, pgoff } of this.#regions) {
      for (; page < start / PAGE; page++)
        if (pages.isMapped(page)) return `page ${page} is not mapped`;
      for (; page < end / PAGE; page++) {
        const now = (flags & ~VM_ACCOUNT) >>> 0;
        if (now !== pages.flags[page])
          return `page ${page}: flags ${now.toString(16)}, model ${pages.flags[page]!.toString(16)}`;
        if (flags & VM.SHARED && pgoff + page - start / PAGE !== pages.place[page])
          return `page ${page}: wrong place in its object`;
      }
    }
    for (; page < END; page++) if (pages.isMapped(page)) return `page ${page} is not mapped`;
    const ours = [m.mm("mapCount"), m.mm("totalVm"), m.mm("lockedVm"), m.mm("dataVm"), m.mm("brk")];
    const theirs = [
      this.#regions.length,
      pages.total,
      this.#naive.locked,
      pages.data,
      this.#naive.brk,
    ];
    return ours.join() === theirs.join()
      ? undefined
      : `counts: ${ours.join()}, model ${theirs.join()}`;
  }

  /** Which private pages are resident, and what all pages that may be read hold. */
  #comparePages(): string | undefined {
    const m = this.#machine;
    const { pages } = this.#naive;
    for (let page = this.#start; page < END - 1; page++) {
      if (!pages.isMapped(page) || pages.file[page] !== 0) continue;
      if (m.isResident(page * PAGE) !== (pages.resident[page] === 1))
        return `page ${page}: resident ${m.isResident(page * PAGE)}`;
      if (pages.resident[page] === 1 && m.peek(page * PAGE) !== pages.value[page])
        return `page ${page} holds ${m.peek(page * PAGE)}, model ${pages.value[page]}`;
    }
    return undefined;
  }
}

/** What a run of many calls found. */
export interface Outcome {
  calls: number;
  /** The seed and what differed, for each process that did. */
  differences: { seed: number; call: string; difference: string }[];
}

/** Runs `processes` processes of `calls` calls each, with seeds from `first` on. */
export function compareMany(abi: Abi, first: number, processes: number, calls: number): Outcome {
  const outcome: Outcome = { calls: 0, differences: [] };
  const start = firstPage(abi);
  for (let seed = first; seed < first + processes; seed++) {
    const pair = new Pair(seed, abi, start);
    for (let i = 0; i < calls; i++) {
      const difference = pair.step();
      outcome.calls++;
      if (difference === undefined) continue;
      const call = (pair.log.at(-1) ?? []).map((word) =>
        typeof word === "number" ? word.toString(16) : word,
      );
      outcome.differences.push({ seed, call: `${pair.log.length}: ${call.join(" ")}`, difference });
      break;
    }
  }
  return outcome;
}

// What the page asks of its worker. Everything that touches a heap happens here, so that the page
// never waits.

import { transfer } from "comlink";
import {
  checkProcess,
  diffSnapshots,
  HeapView,
  isDamage,
  readChanges,
  snapshotHead,
  snapshotText,
  takeCheckpoint,
  tryCall,
  type Snapshot,
} from "ptmalloc-wasm/inspect";
import type {
  Attached,
  Attempt,
  BytesView,
  CallText,
  CheckResult,
  ConsoleReply,
  DiffView,
  Input,
  Machine,
  Moment,
  Opened,
  Raster,
  Survey,
} from "../model/types.js";
import { AttachedMoments } from "./attached-moments.js";
import { known, readBytes, type Known } from "./bytes.js";
import { CallMoments } from "./call-moments.js";
import { parseCall, reply } from "./console.js";
import { readMoment, readNumbers } from "./look.js";
import { binaryOf, moduleOf, ownFile, setBase, startMachine } from "./machine.js";
import type { Moments } from "./moments.js";
import { addressRange, rasterOf, type RasterWindow } from "./raster.js";
import { readFile } from "./read.js";
import { sentenceOf } from "./sentence.js";
import { Typist } from "./calls.js";

/** What lists of a diff are cut to. */
const MOST_CHANGES = 500;

/** The engine: one heap at a time. */
export class Engine {
  #moments: Moments | undefined;
  #typist: Typist | undefined;
  #survey: Survey | undefined;
  /** The chunks of the moment that was read last. */
  #known: Known | undefined;
  /** What was open before calls were added to one of its moments. */
  #trunk: Moments | undefined;

  /** @param base the address of the explorer's folder */
  begin(base: string): void {
    setBase(base);
  }

  /**
   * Opens something. What was open stays where that fails.
   * @throws Error that names the place where a file is broken
   */
  async open(input: Input, machine: Machine): Promise<Opened> {
    const { moments, typist } = await this.#read(input, machine);
    this.#trunk = undefined;
    return this.#take(moments, typist);
  }

  async #read(input: Input, machine: Machine): Promise<{ moments: Moments; typist?: Typist }> {
    if (input.kind === "file") return { moments: await readFile(input.name, input.bytes, machine) };
    if (input.kind === "bundled") {
      const bytes = await ownFile(`traces/${encodeURIComponent(input.name)}.rep.gz`);
      return { moments: await readFile(`${input.name}.rep.gz`, bytes, machine) };
    }
    if (input.kind === "attached") throw new Error("nothing has been received yet");
    const module = await moduleOf(machine);
    const moments = new CallMoments({
      title: input.name,
      kind: "live",
      machine,
      start: () => startMachine(module, machine),
    });
    const typist = new Typist(moments);
    if (input.kind === "script") typist.type(input.text, input.name);
    else addCalls(moments, input.calls);
    return { moments, typist };
  }

  #take(moments: Moments, typist?: Typist): Opened {
    this.#moments = moments;
    this.#typist = typist ?? (moments instanceof CallMoments ? new Typist(moments) : undefined);
    this.#survey = moments.surveyor.peek();
    this.#known = undefined;
    const { title, kind, machine, count, notes, ending, text } = moments;
    const survey = moments.surveyor.survey();
    const canCall = moments instanceof CallMoments;
    const sentence = sentenceOf(moments, survey);
    const opened = { title, kind, sentence, machine, count, notes, ending, survey, canCall, text };
    return transfer(opened, buffersOf(survey));
  }

  /** @returns the heap after `at` operations */
  moment(at: number): Moment {
    const moments = this.#now;
    moments.to(Math.max(0, at - 1));
    const before = readNumbers(moments.source);
    const operation = moments.operation(at);
    const births = {
      birthOf: moments.surveyor.birthsAt(at),
      threadOf: (index: number) => moments.surveyor.threadOf(index),
    };
    const moment = readMoment(moments.source, at, operation, before, births);
    this.#known = known(moment);
    return transfer(moment, buffersOf(moment.chunks));
  }

  /** @returns bytes after `at` operations, with the fields that lie there */
  bytes(at: number, address: number, length: number): BytesView {
    if (this.#known?.at !== at) this.moment(at);
    this.#now.to(at);
    return readBytes(this.#now.source, this.#known!, address, length);
  }

  /** @returns what is wrong with the heap after `at` operations */
  check(at: number): CheckResult {
    this.#now.to(at);
    const { source, process } = this.#now;
    const view = new HeapView(source);
    const damages = [...view.filings.damages, ...[...view.chunks()].filter(isDamage)];
    const checker = process === undefined ? undefined : (checkProcess(process) ?? "sound");
    return { damages, checker };
  }

  /** @returns what is different at b, seen from a */
  diff(a: number, b: number): DiffView {
    const found = diffSnapshots(this.#snapshot(a), this.#snapshot(b));
    const { born, gone, changed, numbers } = found;
    const cut = <T>(list: readonly T[]): readonly T[] => list.slice(0, MOST_CHANGES);
    const counts = { born: born.length, gone: gone.length, changed: changed.length };
    return {
      ...{ a, b, counts, numbers },
      born: cut(born),
      gone: cut(gone),
      changed: cut(changed),
    };
  }

  #snapshot(at: number): Snapshot {
    this.#now.to(at);
    const view = new HeapView(this.#now.source);
    const chunks = [...view.chunks()].filter((one) => !isDamage(one));
    return { ...snapshotHead(view, ""), chunks };
  }

  /** @returns what a call would do after `at` operations: `malloc(24)`, `free(0x…)` */
  attempt(at: number, text: string): Attempt {
    this.#now.to(at);
    const { process } = this.#now;
    if (process === undefined) throw new Error("there is no process here that could make a call");
    const { call, make } = parseCall(text, (name) => this.#typist?.value(name));
    return tryCall(process, call, make);
  }

  /** @returns the picture of address x time, of the heap or of the mappings */
  raster(
    size: Pick<RasterWindow, "width" | "height" | "fromOp" | "toOp" | "by">,
    isMapped: boolean,
  ) {
    const survey = this.#survey!;
    const limit = this.#mappingsBegin();
    const [low, high] = isMapped ? highRange(survey, limit) : addressRange(survey, limit);
    const raster: Raster = rasterOf(survey, { ...size, low, high });
    return transfer(raster, [raster.pixels.buffer]);
  }

  /** Blocks from here on are in mappings. */
  #mappingsBegin(): number {
    const { source } = this.#now;
    const { mmapBase } = source.structs.MmStruct.fields;
    return source.view().getUint32(source.places.mmStruct + mmapBase.offset, true);
  }

  /** @returns what a line of the console comes to, at a moment */
  async line(at: number, text: string, width: number): Promise<ConsoleReply> {
    return reply(
      {
        moments: this.#now,
        typist: this.#typist,
        hasTrunk: this.#trunk !== undefined,
        branch: () => this.#branch(at),
        leave: () => this.#leave(),
        took: () => this.#take(this.#now, this.#typist),
      },
      { at, text, width },
    );
  }

  /** Goes on with calls from a moment of what is open: the trace stays, and can be gone back to. */
  async #branch(at: number): Promise<Typist> {
    const trunk = this.#now;
    if (trunk instanceof CallMoments) return this.#typist!;
    const { timeline, machine, title, trace } = trunk;
    if (timeline === undefined || trace === undefined)
      throw new Error("nothing can go on from here: the heap can only be looked at");
    const module = await moduleOf(machine);
    const { Timeline } = await import("ptmalloc-wasm/trace");
    const start = () => {
      const kernel = startMachine(module, machine);
      new Timeline(trace, kernel.process).to(at);
      return kernel;
    };
    const moments = new CallMoments({
      ...{ title: `${title} at ${at}, and calls`, kind: "live", machine, start },
      living: trunk.surveyor.livingAt(at),
    });
    this.#trunk ??= trunk;
    this.#typist = new Typist(moments);
    this.#moments = moments;
    this.#known = undefined;
    return this.#typist;
  }

  #leave(): Opened | undefined {
    const trunk = this.#trunk;
    this.#trunk = undefined;
    return trunk === undefined ? undefined : this.#take(trunk);
  }

  /** @returns the binary of a machine, for a program that runs elsewhere */
  async binary(machine: Machine): Promise<Uint8Array> {
    const bytes = await binaryOf(machine);
    return transfer(bytes, [bytes.buffer as ArrayBuffer]);
  }

  /** @returns the calls of a live heap, for a link */
  calls(): CallText[] {
    return this.#moments instanceof CallMoments ? this.#moments.calls : [];
  }

  /** @returns a snapshot of a moment, as a file */
  save(at: number): string {
    this.#now.to(at);
    const { source, process, title } = this.#now;
    const checkpoint = process === undefined ? undefined : takeCheckpoint([process]);
    return [...snapshotText(new HeapView(source), `${title}, ${at}`, checkpoint)].join("");
  }

  /**
   * Takes what an attached heap has sent.
   * @throws Error where it is no such message
   */
  attached(message: Uint8Array): Attached {
    const changes = readChanges(message);
    const open = this.#moments;
    if (open instanceof AttachedMoments && open.fits(changes)) {
      const isNew = changes.to > open.known;
      open.add(changes);
      return { id: open.id, known: open.known, ...(isNew && { opened: this.#take(open) }) };
    }
    if (changes.from > 0) return { id: changes.id, known: 0 };
    const moments = new AttachedMoments(changes);
    return { id: moments.id, known: moments.known, opened: this.#take(moments) };
  }

  get #now(): Moments {
    if (this.#moments === undefined) throw new Error("nothing is open");
    return this.#moments;
  }
}

function addCalls(moments: CallMoments, calls: readonly CallText[]): void {
  for (const { name, args } of calls) {
    moments.add(name, args.map(BigInt));
    if (moments.ending !== undefined) return;
  }
}

function highRange(survey: Survey, limit: number): [number, number] {
  let [low, high] = [Infinity, 0];
  for (let i = 0; i < survey.count; i++) {
    const at = survey.address[i]!;
    if (survey.chunk[i] === 0 || at < limit) continue;
    low = Math.min(low, at);
    high = Math.max(high, at + survey.chunk[i]!);
  }
  return high === 0 ? [0, 1] : [low, high];
}

function buffersOf(columns: object): ArrayBuffer[] {
  return Object.values(columns)
    .filter((one): one is Uint8Array<ArrayBuffer> => ArrayBuffer.isView(one))
    .map(({ buffer }) => buffer);
}

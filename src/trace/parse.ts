// Parser of `.rep` trace text, the format of CMU's malloc lab and its successors: traces/README.md.
//
// A file starts with header lines of numbers (usually four: suggested heap size, number of ids,
// number of operations, weight; files with fewer or more are around, and the counts are often
// wrong, so none is relied on). Then comes one operation a line. What a line may lack, and what it
// must not have, is in `Parser`; what could be read in two ways is read in one and noted, never
// silently.

import { OpKind } from "../layout/generated.js";
import { LabelTable } from "./labels.js";
import { SlotTable } from "./slots.js";
import { TraceText, type Place } from "./trace-text.js";
import { KIND_BITS, kindOf, type Trace } from "./trace.js";

/** More leading numbers than this are no header of any known kind of trace. */
const MOST_HEADER_NUMBERS = 8;
/** The malloc lab's header has this many numbers; where the count of operations is in it. */
const LAB_HEADER_NUMBERS = 4;
const HEADER_OPS = 2;
const LETTER_T = 0x74;
const LETTER_X = 0x78;
const LETTERS = "a, c, m, r, f, t or x";

/** The function that each kind of line calls, its letter, and what follows the id. */
const KINDS: Readonly<Record<OpKind, readonly [string, string, ...string[]]>> = {
  [OpKind.MALLOC]: ["malloc", "a", "SIZE"],
  [OpKind.CALLOC]: ["calloc", "c", "NMEMB", "SIZE"],
  [OpKind.MEMALIGN]: ["memalign", "m", "ALIGN", "SIZE"],
  [OpKind.REALLOC]: ["realloc", "r", "SIZE"],
  [OpKind.FREE]: ["free", "f"],
};
/** Position of the first size in the arrays above. */
const X = 2;
const Y = 3;

/** @returns how a line is written, such as "a ID SIZE" */
function formOf(kind: OpKind): string {
  const [, letter, ...sizes] = KINDS[kind];
  return `"${[letter, "ID", ...sizes].join(" ")}"`;
}

/**
 * Reads the text of a trace.
 *
 * @param bytes the text (UTF-8 or any superset of ASCII, or UTF-16; a byte order mark is skipped)
 * @param name what to call the trace in messages, usually its path
 * @returns the trace
 * @throws TraceError naming file, line, column and reason when the text is no trace
 */
export function parseTrace(bytes: Uint8Array, name: string): Trace {
  return new Parser(bytes, name).parse();
}

/**
 * Something that lines of the trace have in common: the first one's place, and how many there are.
 */
interface Sighting {
  readonly place: Place;
  readonly what: string;
  count: number;
}

class Parser {
  private readonly text: TraceText;
  private readonly name: string;
  private readonly header: number[] = [];
  private readonly slotTable: SlotTable;
  private readonly lines: Uint32Array;
  private readonly idKinds: Uint32Array;
  private readonly xLow: Uint32Array;
  private readonly xHigh: Uint32Array;
  private readonly yLow: Uint32Array;
  private readonly yHigh: Uint32Array;
  private count = 0;
  private labels: LabelTable | undefined;
  private readonly turnAt: number[] = [];
  private readonly turnWho: number[] = [];
  private readonly gone = new Set<number>();
  private thread = 0;
  /** The greatest id, as a double. */
  private greatestId = -1;
  /** Whether there are only lines that the malloc lab has. */
  private isLab = true;
  /** Lines without a size; allocations under a live id; frees of an id that has no block. */
  private assumed: Sighting | undefined;
  private forgotten: Sighting | undefined;
  private loose: Sighting | undefined;

  constructor(bytes: Uint8Array, name: string) {
    this.text = new TraceText(bytes, name);
    this.name = name;
    const lines = this.text.countLines();
    this.slotTable = new SlotTable(lines);
    this.lines = new Uint32Array(lines);
    this.idKinds = new Uint32Array(lines);
    this.xLow = new Uint32Array(lines);
    this.xHigh = new Uint32Array(lines);
    this.yLow = new Uint32Array(lines);
    this.yHigh = new Uint32Array(lines);
  }

  parse(): Trace {
    const { text } = this;
    this.readHeader();
    let isCut = false;
    while (text.nextLine()) {
      const before = this.count;
      this.readLine();
      if (!text.atLineEnd()) {
        text.fail(`${text.token()} is left over: one operation a line, and # before a comment`);
      }
      if (text.hasComment && this.count > before) {
        (this.labels ??= new LabelTable(this.lines.length)).set(before, text.comment());
      }
      isCut = text.isAtEnd;
      text.skipLine();
    }
    const notes = this.notes(isCut);
    const { count } = this;
    return {
      name: this.name,
      header: this.header,
      notes,
      count,
      slots: this.slotTable.count,
      turns: { at: Uint32Array.from(this.turnAt), who: Float64Array.from(this.turnWho) },
      lines: this.lines.subarray(0, count),
      idKinds: this.idKinds.subarray(0, count),
      xLow: this.xLow.subarray(0, count),
      xHigh: this.xHigh.subarray(0, count),
      yLow: this.yLow.subarray(0, count),
      yHigh: this.yHigh.subarray(0, count),
      ...(this.labels?.isUsed && { labels: this.labels.cut(count) }),
    };
  }

  private readHeader(): void {
    const { text, header } = this;
    while (text.nextLine() && text.startsNumber()) {
      do {
        if (header.length === MOST_HEADER_NUMBERS) {
          text.fail(`an operation (${LETTERS}) expected, not a number`);
        }
        text.readNumber("the header's");
        header.push(text.negative ? -text.value : text.value);
      } while (!text.atLineEnd());
      text.skipLine();
    }
    if (!text.isAtEnd) return;
    if (header.length === 0) text.fail("the trace is empty");
    if (header.length < LAB_HEADER_NUMBERS || header[HEADER_OPS]! > 0) {
      text.fail("no operation follows the header: the file is cut short");
    }
  }

  private readLine(): void {
    const { text } = this;
    const letter = text.next!;
    const kind = text.isOneLetter ? kindOfLetter(letter) : undefined;
    if (kind !== undefined) this.readOperation(kind);
    else if (text.isOneLetter && (letter === LETTER_T || letter === LETTER_X)) this.readTurn();
    else this.failUnknown();
  }

  private readOperation(kind: OpKind): void {
    const { text, count: index } = this;
    if (this.gone.has(this.thread)) text.fail(`thread ${this.thread} calls after its exit`);
    if (kind === OpKind.CALLOC || kind === OpKind.MEMALIGN) this.isLab = false;
    this.lines[index] = text.line;
    this.idKinds[index] = (this.readSlot(kind) << KIND_BITS) | kind;
    if (kind !== OpKind.FREE) {
      this.readSize(kind, X);
      this.xLow[index] = text.lowHalf();
      this.xHigh[index] = text.highHalf();
      if (KINDS[kind].length > Y) {
        this.readSize(kind, Y);
        this.yLow[index] = text.lowHalf();
        this.yHigh[index] = text.highHalf();
      }
    }
    this.count = index + 1;
  }

  /** A line that is no operation: whose turn it is, or who exits. */
  private readTurn(): void {
    const { text } = this;
    const letter = text.next!;
    text.skip();
    if (text.atLineEnd())
      text.fail(`THREAD is missing ("${letter === LETTER_X ? "x" : "t"} THREAD")`);
    const { place } = text;
    text.readNumber("THREAD");
    const { value } = text;
    this.isLab = false;
    if (text.negative || text.wide !== null) {
      text.fail("a thread is a number from 0 to 2^53 - 1", place);
    }
    if (letter === LETTER_X && this.gone.has(value)) {
      text.fail(`thread ${value} exits twice`, place);
    }
    this.turnAt.push(this.count);
    if (letter === LETTER_X) {
      this.gone.add(value);
      this.turnWho.push(-1 - value);
    } else {
      this.gone.delete(value);
      this.thread = value;
      this.turnWho.push(value);
    }
  }

  /** Reads the letter and the id. @returns the slot that the operation uses */
  private readSlot(kind: OpKind): number {
    const { text, slotTable: table } = this;
    const { place } = text;
    text.skip();
    if (text.atLineEnd()) text.fail(`ID is missing (${formOf(kind)})`);
    text.readNumber("ID");
    if (text.negative) return kind === OpKind.FREE ? 0 : table.nameless();
    const id = text.wide ?? text.value;
    if (text.value > this.greatestId) this.greatestId = text.value;
    if (kind === OpKind.REALLOC) return table.resized(id);
    if (kind === OpKind.FREE) {
      if (!table.isLive(id)) this.loose = seen(this.loose, place, `id ${id}`);
      return table.freed(id);
    }
    if (table.isLive(id)) this.forgotten = seen(this.forgotten, place, `id ${id}`);
    return table.allocated(id);
  }

  /** Reads a size, or a count or an alignment, which are sizes, too: the operand at `index`. */
  private readSize(kind: OpKind, index: number): void {
    const { text } = this;
    const what = KINDS[kind][index]!;
    if (text.atLineEnd()) {
      this.assumeSize(kind, what);
      return;
    }
    const { place } = text;
    text.readNumber(what);
    if (text.negative) text.fail(`negative ${what}`, place);
  }

  /**
   * The line ends before its size. The malloc lab's driver keeps the last one then; so it is here,
   * in a file of that lab whose header is true (see `notes`).
   */
  private assumeSize(kind: OpKind, what: string): void {
    const { text } = this;
    this.assumed = seen(this.assumed, text.place, `${what} is missing (${formOf(kind)})`);
    let last = this.count - 1;
    while (last >= 0 && kindOf(this.idKinds[last]!) === OpKind.FREE) last--;
    if (last < 0 || !this.isLab || text.isAtEnd) this.failMissing(this.assumed);
    text.wide = (BigInt(this.xHigh[last]!) << 32n) | BigInt(this.xLow[last]!);
  }

  private failMissing({ place, what }: Sighting): never {
    this.text.fail(what, place);
  }

  /**
   * What was read in one of two ways, or is odd.
   * @param isCut whether the last line has no newline
   * @throws TraceError for a file that is cut short, or lacks sizes
   */
  private notes(isCut: boolean): string[] {
    const { text, header, count, assumed, greatestId } = this;
    const isLabHeader = header.length === LAB_HEADER_NUMBERS;
    const [, ids = 0, ops = 0] = isLabHeader ? header : [];
    const notes: string[] = [];
    if (isCut && ops > count) {
      text.fail(
        "the file is cut short: the last line has no newline, and the header counts " +
          `${ops} operations, not ${count}`,
      );
    }
    if (assumed !== undefined) {
      if (!this.isLab || ops !== count || ids !== greatestId + 1) this.failMissing(assumed);
      notes.push(noteOf(assumed, "the last one is taken, as the malloc lab's driver does"));
    }
    if (ops > 0 && ops !== count) {
      notes.push(`the header counts ${ops} operations, and there are ${count}`);
    }
    if (ids > 0 && greatestId >= ids) {
      notes.push(`the header counts ${ids} ids, and there is an id ${greatestId}`);
    }
    if (isCut) notes.push(`${text.line}: the last line has no newline: is it whole?`);
    if (this.forgotten !== undefined) {
      notes.push(noteOf(this.forgotten, "a new block while one is live, which is forgotten"));
    }
    if (this.loose !== undefined) notes.push(noteOf(this.loose, "no block to free: free(NULL)"));
    return notes;
  }

  private failUnknown(): never {
    const { text } = this;
    const word = text.token();
    const known = Object.entries(KINDS).find(([, [name]]) => `"${name}"` === word.toLowerCase());
    const hint =
      known === undefined ? "" : `; ${known[1][0]} is ${formOf(Number(known[0]) as never)}`;
    return text.fail(`unknown operation ${word}: a line begins with ${LETTERS}${hint}`);
  }
}

/** @returns the first sighting, with one more counted */
function seen(before: Sighting | undefined, place: Place, what: string): Sighting {
  before ??= { place, what, count: 0 };
  before.count++;
  return before;
}

/** @returns a sighting in words, with what is made of it */
function noteOf({ place, what, count }: Sighting, meaning: string): string {
  const more = count === 1 ? "" : ` and ${count - 1} more`;
  return `${place.line}:${place.column}: ${what}${more}: ${meaning}`;
}

function kindOfLetter(letter: number): OpKind | undefined {
  switch (letter) {
    case 0x61: // a
      return OpKind.MALLOC;
    case 0x63: // c
      return OpKind.CALLOC;
    case 0x66: // f
      return OpKind.FREE;
    case 0x6d: // m
      return OpKind.MEMALIGN;
    case 0x72: // r
      return OpKind.REALLOC;
    default:
      return undefined;
  }
}

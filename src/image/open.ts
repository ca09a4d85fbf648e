// Opens heap images. A file is looked at first, and refused before a process is started if it can
// be; then the process comes with its bytes, the pages' checksums are compared, and the checker has
// the last word.

import { HEAP_OPTIONS, heapMaker, heapMakerSync } from "../heap/create.js";
import type { Heap, HeapOptions } from "../heap/heap.js";
import { glibcOf } from "../binary/glibc.js";
import { binariesOf } from "../binary/sources.js";
import { withLoader } from "../binary/loader.js";
import { checkOptions, FLAG, merged, without } from "../base/checks.js";
import { ONLY_IN } from "../process/only-in.js";
import { BrokenInvariant, HeapAbort } from "../process/failures.js";
import { PAGE_BYTES } from "../process/options.js";
import { isTrap } from "../base/realm.js";
import { readStruct } from "../layout/struct.js";
import { structsOf, type Structs } from "../layout/structs.js";
import type { RawExports } from "../binary/exports.js";
import type { HostFile } from "../kernel/files/host-file.js";
import { O } from "../kernel/flags.js";
import type { Abi } from "../layout/address.js";
import { assertSame, assertSameLayout, assertSameTunables } from "./agreement.js";
import { HeapImageError } from "./errors.js";
import { openGiven } from "./file-argument.js";
import type { GivenFile, ImageSource } from "./file-argument.js";
import { PAGES_AT } from "./header.js";
import type { HeapImageHeader } from "./header.js";
import { ImageFile } from "./image-file.js";
import { PersistentHeap, checkHeap } from "./persistent-heap.js";
import { readHeader } from "./slots.js";

/**
 * How to open a heap image. What belongs to the heap itself (addresses, layout, tunables, huge
 * pages, processors, what is random) counts for a new one; an image has its own. All of it that is
 * given nevertheless must be as in the image, except `randomize`.
 */
export interface HeapImageOptions<A extends Abi = Abi> extends Omit<
  HeapOptions<A, "image">,
  "build" | "restore" | "threads"
> {
  /** Make a new heap when the file is empty or absent. Default true. */
  create?: boolean;
  /**
   * Compare the pages' checksums and check the whole heap on opening, and refuse one that is
   * damaged or torn. Default true. With false such a heap is opened, to save what can be saved.
   */
  check?: boolean;
  /**
   * "full" (default): msync waits for the disk, and what it completed survives a power failure.
   * "none": it does not wait, and what it completed survives the death of the process.
   */
  sync?: "full" | "none";
  /**
   * Whether changed pages go through a journal, so that an msync happens as a whole or not at all.
   * Default true. Without, pages are written to their places one by one, as by msync(2) on Linux:
   * half the writing, and a heap that was killed meanwhile is torn.
   */
  journal?: boolean;
}

/** Bundlers see these, and carry the files along. */
const BINARIES = /* @__PURE__ */ withLoader(
  /* @__PURE__ */ binariesOf({
    "image.ilp32": () => new URL("../../build/image.ilp32.wasm", import.meta.url),
    "image-small.ilp32": () => new URL("../../build/image-small.ilp32.wasm", import.meta.url),
    "image-small.lp64": () => new URL("../../build/image-small.lp64.wasm", import.meta.url),
    "image-throughput.ilp32": () =>
      new URL("../../build/image-throughput.ilp32.wasm", import.meta.url),
    "image-throughput.lp64": () =>
      new URL("../../build/image-throughput.lp64.wasm", import.meta.url),
    "image.lp64": () => new URL("../../build/image.lp64.wasm", import.meta.url),
  }),
);
const createHeap = /* @__PURE__ */ heapMaker(BINARIES);
const createHeapSync = /* @__PURE__ */ heapMakerSync(BINARIES);

/** What there is to do, once the file has been looked at. */
interface Plan<A extends Abi> {
  readonly image: ImageFile;
  readonly heapOptions: HeapOptions<A, "image">;
  /** After the heap was made or came back. */
  readonly finish: (heap: Heap<A, "image">) => PersistentHeap<A>;
}

/** The options: without those of single builds, of which only `restore` is an image's, and ours. */
const OPTIONS = /* @__PURE__ */ merged(
  /* @__PURE__ */ without(
    HEAP_OPTIONS,
    "build",
    "threads",
    .../* @__PURE__ */ Object.keys(ONLY_IN),
  ),
  { create: FLAG, check: FLAG, sync: ["full", "none"], journal: FLAG },
);

/** mm_struct, which is the first thing in the image, must be the one that the header speaks of. */
function assertPlausible(
  path: string,
  memory: WebAssembly.Memory,
  header: HeapImageHeader,
  layout: Structs["MmStruct"],
  isChecked: boolean,
): void {
  const mm = readStruct(new DataView(memory.buffer), header.base, layout);
  const torn = (field: "startBrk" | "brk" | "taskSize", rule: string): HeapImageError => {
    const address = header.base + layout.fields[field].offset;
    return new HeapImageError("torn-heap", path, `${field} is ${mm[field]}, ${rule}`, {
      address,
      offset: PAGES_AT + layout.fields[field].offset,
    });
  };
  for (const name of ["startBrk", "taskSize"] as const) {
    if (mm[name] !== header[name]) throw torn(name, `the header says ${header[name]}`);
  }
  if (mm.brk < mm.startBrk || mm.brk > mm.taskSize) throw torn("brk", "outside the heap");
  if (isChecked && Math.ceil(mm.brk / PAGE_BYTES) * PAGE_BYTES !== header.end) {
    throw torn("brk", `and the image ends at ${header.end}`);
  }
}

function assertChecked(path: string, heap: Heap<Abi, "image">): void {
  let broken: Error | undefined;
  try {
    broken = checkHeap(heap.process.exports);
  } catch (error) {
    // A link that leads out of the memory.
    if (!isTrap(error) && !(error instanceof HeapAbort)) throw error;
    broken = error;
  }
  if (broken === undefined) return;
  const place =
    broken instanceof BrokenInvariant
      ? { address: broken.address, invariant: broken.invariant }
      : {};
  throw new HeapImageError("torn-heap", path, broken.message, { ...place, cause: broken });
}

/** The heap's options when an image is to be gone on with. */
function restored<A extends Abi>(
  image: ImageFile,
  header: HeapImageHeader,
  options: HeapImageOptions<A>,
): HeapOptions<A, "image"> {
  const { path } = image.file;
  assertSame(path, options, header);
  const tail = image.verify(header);
  const isChecked = options.check !== false;
  const { base, startBrk, mmapBase, taskSize, layout } = header;
  return {
    ...newHeap(options),
    ...{ base, startBrk, mmapBase, taskSize, layout, randomize: false },
    restore: (process, exports, module) => {
      const { memory, flags } = process;
      const raw = exports as RawExports<A, "image">;
      const { abi } = header;
      const structs = structsOf(module, abi);
      assertSameLayout(path, header, { structs, glibc: glibcOf(module) }, raw.kernel_bytes() >>> 0);
      image.load(header, tail, memory, raw, isChecked);
      assertPlausible(path, memory, header, structs.MmStruct, isChecked);
      const error = raw.image_restore(base, startBrk, mmapBase, taskSize, flags);
      if (error !== 0) {
        const rule =
          `there is no process at base ${base} with startBrk ${startBrk} ` +
          `and taskSize ${taskSize}: ${error}`;
        throw new HeapImageError("torn-heap", path, rule);
      }
      assertSameTunables(path, process, exports, { abi, module }, options);
    },
  };
}

/** The options of a heap that is to be made. */
function newHeap<A extends Abi>(options: HeapImageOptions<A>): HeapOptions<A, "image"> {
  const { create, check, sync, journal, ...heapOptions } = options;
  void [create, check, sync, journal];
  return { ...heapOptions, build: "image" };
}

function planOpening<A extends Abi>(file: HostFile, options: HeapImageOptions<A>): Plan<A> {
  const { sync = "full", journal = true } = options;
  const image = new ImageFile(file, { sync, journal });
  const { header } = image;
  if (header === undefined && options.create === false) {
    const rule = 'nothing was ever completed in it, and the option "create" is false';
    throw new HeapImageError("not-an-image", file.path, rule);
  }
  return {
    image,
    heapOptions: header === undefined ? newHeap(options) : restored(image, header, options),
    finish: (heap) => {
      if (header !== undefined && options.check !== false) assertChecked(file.path, heap);
      return new PersistentHeap(heap, image);
    },
  };
}

function opened(caller: string, file: unknown, options: HeapImageOptions): GivenFile {
  checkOptions(OPTIONS, options);
  return openGiven(caller, file, options.create === false ? O.RDWR : O.RDWR | O.CREAT);
}

/**
 * Opens the heap that is in a file: goes on with the one that the last completed msync left there,
 * or makes a new one. Opening writes nothing.
 * @param file a path or a file: URL, in Node.js; or an open file, which belongs to the heap from
 *   then on: closing the heap closes it
 * @param options nothing is required
 * @example
 * ```ts
 * import { MemoryFile, openHeapImage } from "ptmalloc-wasm/image";
 *
 * const file = new MemoryFile(); // or a path, in Node.js
 * const first = await openHeapImage(file);
 * first.root = first.heap.newCString("still here");
 * first.close();
 *
 * const second = await openHeapImage(file);
 * console.log(second.heap.cString(second.root)); // still here
 * second.close();
 * ```
 * @throws HeapImageError by name, see `HeapImageReason`; TypeError or RangeError naming a wrong
 *   file or option; the file's own errors
 */
export async function openHeapImage<A extends Abi = "ilp32">(
  file: ImageSource,
  options: HeapImageOptions<A> = {},
): Promise<PersistentHeap<A>> {
  const open = opened("openHeapImage", file, options);
  try {
    const { heapOptions, finish } = planOpening(open.file, options);
    return finish(await createHeap(heapOptions));
  } catch (error) {
    if (open.isOurs) open.file.close();
    throw error;
  }
}

/**
 * As `openHeapImage`, without waiting. Browsers allow this on their main thread for small modules
 * only.
 * @param file as there
 * @param options as there
 * @throws as `openHeapImage`
 */
export function openHeapImageSync<A extends Abi = "ilp32">(
  file: ImageSource,
  options: HeapImageOptions<A> = {},
): PersistentHeap<A> {
  const open = opened("openHeapImageSync", file, options);
  try {
    const { heapOptions, finish } = planOpening(open.file, options);
    return finish(createHeapSync(heapOptions));
  } catch (error) {
    if (open.isOurs) open.file.close();
    throw error;
  }
}

/**
 * Reads what a heap image says of itself.
 * @param file a path or a file: URL, in Node.js, which is opened for reading; or an open file,
 *   which
 *   stays open
 * @returns undefined when no msync was ever completed in it
 * @throws HeapImageError "not-an-image", "newer-format" or "corrupt-header"; the file's own errors
 */
export function readHeapImage(file: ImageSource): HeapImageHeader | undefined {
  const open = openGiven("readHeapImage", file, O.RDONLY);
  try {
    const header = readHeader(open.file)?.header;
    return header?.generation === 0 ? undefined : header;
  } finally {
    if (open.isOurs) open.file.close();
  }
}

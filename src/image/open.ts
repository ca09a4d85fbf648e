// Opens heap images. A file is looked at first, and refused before a process is started if it can be; then the process comes with its
// bytes, and the checker has the last word.

import { heapMaker, heapMakerSync } from "../heap/create.js";
import type { Heap, HeapOptions } from "../heap/heap.js";
import { binariesOf } from "../host/binaries.js";
import { withLoader } from "../host/loader.js";
import { checkChoice } from "../host/checks.js";
import { BrokenInvariant } from "../host/failures.js";
import { PAGE_BYTES } from "../host/options.js";
import { readStruct } from "../host/struct.js";
import type { RawExports } from "../host/exports.js";
import type { HostFile } from "../kernel/files/host-file.js";
import { openNodeFile } from "../kernel/files/node.js";
import { O } from "../kernel/flags.js";
import type { Abi } from "../layout/address.js";
import { layouts } from "../layout/generated.js";
import { HeapImageError } from "./errors.js";
import { PAGES_AT, fingerprintOf, readHeader } from "./header.js";
import type { HeapImageHeader } from "./header.js";
import { ImageFile } from "./image-file.js";
import type { ImageFileOptions } from "./image-file.js";
import { PersistentHeap, checkHeap } from "./persistent-heap.js";

/**
 * How to open a heap image. What belongs to the heap itself (addresses, layout, tunables, huge pages, what is random) counts for a new one; an
 * image has its own. Addresses and a layout that are given all the same must be the image's.
 */
export interface HeapImageOptions<A extends Abi = Abi> extends Omit<
  HeapOptions<A, "image">,
  "build" | "restore" | "trace"
> {
  /** Make a new heap when the file is empty or absent. Default true. */
  create?: boolean;
  /** Check the whole heap on opening, and refuse one that is torn. Default true. */
  check?: boolean;
  /**
   * "full" (default): msync waits for the disk, and what it completed survives a power failure. "none": it does not wait, and what it
   * completed survives the death of the process.
   */
  sync?: "full" | "none";
  /**
   * Whether changed pages go through a journal, so that an msync happens as a whole or not at all. Default true. Without, pages are
   * written to their places one by one, as by msync(2) on Linux: half the writing, and a heap that was killed meanwhile is torn.
   */
  journal?: boolean;
}

/** Bundlers see these, and carry the files along. */
const BINARIES = /* @__PURE__ */ withLoader(
  /* @__PURE__ */ binariesOf({
    "image.ilp32": () => new URL("../../build/image.ilp32.wasm", import.meta.url),
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

function assertSame(path: string, options: HeapImageOptions, header: HeapImageHeader): void {
  const abi = options.abi ?? "ilp32";
  if (abi !== header.abi) {
    const rule = `the image is of the layout ${header.abi}, the option "abi" says ${abi}`;
    throw new HeapImageError("other-abi", path, rule);
  }
  if (fingerprintOf(abi) !== header.fingerprint) {
    const rule = "the image was written by a version whose structs are laid out differently";
    throw new HeapImageError("other-layout", path, rule);
  }
  for (const name of ["base", "startBrk", "taskSize", "layout"] as const) {
    const wanted = options[name];
    if (wanted === undefined || wanted === header[name]) continue;
    const rule = `the image has ${name} ${header[name]}, the option "${name}" says ${wanted}`;
    throw new HeapImageError("other-address", path, rule);
  }
}

/** mm_struct, which is the first thing in the image, must be the one that the header speaks of. */
function assertPlausible(
  path: string,
  memory: WebAssembly.Memory,
  header: HeapImageHeader,
  isChecked: boolean,
): void {
  const layout = layouts[header.abi].MmStruct;
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
    broken = checkHeap(heap.process.raw);
  } catch (error) {
    // A link that leads out of the memory.
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
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
  const journal = image.verify(header);
  const { base, startBrk, mmapBase, taskSize, layout } = header;
  return {
    ...options,
    ...{ base, startBrk, mmapBase, taskSize, layout, build: "image", randomize: false },
    restore: ({ memory, flags }, exports) => {
      const raw = exports as RawExports<A, "image">;
      if (raw.kernel_bytes() >>> 0 !== header.kernelBytes) {
        const rule = `the image has ${header.kernelBytes} bytes of the kernel's and libc's, this version ${raw.kernel_bytes()}`;
        throw new HeapImageError("other-layout", path, rule);
      }
      image.load(header, journal, memory, raw);
      assertPlausible(path, memory, header, options.check !== false);
      const error = raw.image_restore(base, startBrk, mmapBase, taskSize, flags);
      if (error !== 0) {
        const rule = `there is no process at base ${base} with startBrk ${startBrk} and taskSize ${taskSize}: ${error}`;
        throw new HeapImageError("torn-heap", path, rule);
      }
    },
  };
}

function planOpening<A extends Abi>(file: HostFile, options: HeapImageOptions<A>): Plan<A> {
  const fileOptions: ImageFileOptions = {
    sync: checkChoice('option "sync"', options.sync ?? "full", ["full", "none"]),
    journal: options.journal ?? true,
  };
  const image = new ImageFile(file, fileOptions);
  const { header } = image;
  if (header === undefined && options.create === false) {
    const rule = 'nothing was ever completed in it, and the option "create" is false';
    throw new HeapImageError("not-an-image", file.path, rule);
  }
  return {
    image,
    heapOptions:
      header === undefined ? { ...options, build: "image" } : restored(image, header, options),
    finish: (heap) => {
      if (header !== undefined && options.check !== false) assertChecked(file.path, heap);
      return new PersistentHeap(heap, image);
    },
  };
}

function opened(file: HostFile | string, options: HeapImageOptions): HostFile {
  if (typeof file !== "string") return file;
  return openNodeFile(file, options.create === false ? O.RDWR : O.RDWR | O.CREAT);
}

/**
 * Opens the heap that is in a file: goes on with the one that the last completed msync left there, or makes a new one. Opening
 * writes nothing.
 * @param file a path, in Node.js; or an open file, which belongs to the heap from then on: closing the heap closes it
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
 * @throws HeapImageError by name, see `HeapImageReason`; TypeError or RangeError naming a wrong option; the file's own errors
 */
export async function openHeapImage<A extends Abi = "ilp32">(
  file: HostFile | string,
  options: HeapImageOptions<A> = {},
): Promise<PersistentHeap<A>> {
  const open = opened(file, options);
  try {
    const { heapOptions, finish } = planOpening(open, options);
    return finish(await createHeap(heapOptions));
  } catch (error) {
    if (open !== file) open.close();
    throw error;
  }
}

/**
 * As `openHeapImage`, without waiting. Browsers allow this on their main thread for small modules only.
 * @param file as there
 * @param options as there
 * @throws as `openHeapImage`
 */
export function openHeapImageSync<A extends Abi = "ilp32">(
  file: HostFile | string,
  options: HeapImageOptions<A> = {},
): PersistentHeap<A> {
  const open = opened(file, options);
  try {
    const { heapOptions, finish } = planOpening(open, options);
    return finish(createHeapSync(heapOptions));
  } catch (error) {
    if (open !== file) open.close();
    throw error;
  }
}

/**
 * Reads what a heap image says of itself.
 * @param file a path, in Node.js, which is opened for reading; or an open file, which stays open
 * @returns undefined when no msync was ever completed in it
 * @throws HeapImageError "not-an-image", "newer-format" or "corrupt-header"; the file's own errors
 */
export function readHeapImage(file: HostFile | string): HeapImageHeader | undefined {
  const open = typeof file === "string" ? openNodeFile(file, O.RDONLY) : file;
  try {
    const header = readHeader(open)?.header;
    return header?.generation === 0 ? undefined : header;
  } finally {
    if (open !== file) open.close();
  }
}

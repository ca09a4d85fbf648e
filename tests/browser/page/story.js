// One story of a file and its mappings, for every kind of file that a browser has. Results are
// plain, so that they can be handed out.

import { MAP, MS, PROT, startKernel } from "ptmalloc-wasm/kernel";

export const PAGE = 4096;
const RW = PROT.READ | PROT.WRITE;

/** What the story's file holds: a page and five bytes more. */
export const CONTENT = `${"a".repeat(PAGE)}bbbbb`;

/** @param {Uint8Array} bytes */
export function textOf(bytes) {
  return new TextDecoder("latin1").decode(bytes);
}

/** @param {string} text */
export function bytesOf(text) {
  return new TextEncoder().encode(text);
}

/**
 * The file of this name in the browser's private file system, made anew.
 * @param {string} name
 * @param {string} content
 */
export async function newFile(name, content) {
  const folder = await navigator.storage.getDirectory();
  const handle = await folder.getFileHandle(name, { create: true });
  const writable = await handle.createWritable();
  await writable.write(content);
  await writable.close();
  return handle;
}

/** @param {"ilp32" | "lp64"} abi */
export async function kernelOf(abi) {
  return await startKernel({ abi });
}

/**
 * Maps a file that holds CONTENT, stores one letter at a time, and looks at what the file holds
 * after each call that ought to bring it there.
 * @param {"ilp32" | "lp64"} abi
 * @param {import("ptmalloc-wasm/kernel").HostFile} file
 * @param {() => string | Promise<string>} contentNow the file's bytes, from where they are kept
 */
export async function tell(abi, file, contentNow) {
  const kernel = await kernelOf(abi);
  const { orThrow } = kernel;
  const fd = orThrow.openFile(file);
  const changes = async () => {
    const content = await contentNow();
    return [...content].flatMap((letter, at) => (letter === CONTENT[at] ? [] : [[at, letter]]));
  };

  const own = orThrow.mmap(0, 2 * PAGE, RW, MAP.PRIVATE, fd);
  const seen = textOf(kernel.read(own + PAGE - 2, 9));
  kernel.write(own, bytesOf("P"));

  const shared = orThrow.mmap(0, 2 * PAGE, RW, MAP.SHARED, fd);
  const refused = [kernel.mmap(0, PAGE, RW, MAP.SHARED, fd, PAGE), kernel.errno];
  const maps = kernel.maps().replaceAll(/^[0-9a-f]+-[0-9a-f]+ /gm, "");
  kernel.write(shared, bytesOf("1"));
  orThrow.msync(shared, 2 * PAGE, MS.SYNC);
  const afterMsync = await changes();

  kernel.write(shared + PAGE + 4, bytesOf("23"));
  orThrow.munmap(shared, 2 * PAGE);
  const afterMunmap = await changes();

  const again = orThrow.mmap(0, PAGE, RW, MAP.SHARED, fd, PAGE);
  kernel.write(again, bytesOf("4"));
  orThrow.close(fd);
  const afterClose = await changes();

  kernel[Symbol.dispose]();
  return { seen, refused, maps, afterMsync, afterMunmap, afterClose, left: kernel.maps() };
}

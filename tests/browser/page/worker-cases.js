// What the tests do in a worker, where files of the browser's private file system can be read and
// written at once.

import { O, openSyncHandle } from "ptmalloc-wasm/kernel";
import { bytesOf, CONTENT, newFile, tell, textOf } from "./story.js";

/** @param {string} name @param {string} content */
async function openNew(name, content) {
  const handle = await newFile(name, content);
  // Only workers have this, and TypeScript has a page in mind.
  const access = /** @type {any} */ (handle);
  /** @type {import("ptmalloc-wasm/kernel").SyncHandle} */
  const sync = await access.createSyncAccessHandle();
  return { handle, sync };
}

/** @param {import("ptmalloc-wasm/kernel").SyncHandle} sync */
function contentOf(sync) {
  const bytes = new Uint8Array(sync.getSize());
  sync.read(bytes, { at: 0 });
  return textOf(bytes);
}

/** Reading, writing, truncating, syncing and closing. */
export async function syncHandle() {
  const { handle, sync } = await openNew("sync", "0123456789");
  const file = openSyncHandle(sync, { path: "/sync" });
  const into = new Uint8Array(4);
  const read = [file.read(7, into), textOf(into), file.read(10, into)];
  file.write(12, bytesOf("XY"));
  file.sync(true);
  const { path, flags } = file;
  const written = contentOf(sync);
  file.truncate(5);
  const size = file.size();
  file.close();
  const left = await (await handle.getFile()).text();
  return { read, written, size, left, path, isWritable: flags === O.RDWR };
}

/** The story on such a file; its handle is free again afterwards. @param {"ilp32" | "lp64"} abi */
export async function syncStory(abi) {
  const { handle, sync } = await openNew(`sync-story.${abi}`, CONTENT);
  const told = await tell(abi, openSyncHandle(sync), () => contentOf(sync));
  const text = await (await handle.getFile()).text();
  return { ...told, kept: text.length };
}

export { imageBegins, imageGoesOn } from "./image-cases.js";

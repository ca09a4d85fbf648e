// What the tests do on the main thread of a page: each export is a case, whose result the test
// looks at.

import { MemoryFile, O, openBlob, openFileHandle } from "ptmalloc-wasm/kernel";
import { bytesOf, CONTENT, kernelOf, newFile, tell, textOf } from "./story.js";

/** A Blob is read in, and another one given back. */
export async function blob() {
  const given = new Blob(["0123456789"], { type: "text/x-digits" });
  const file = await openBlob(given);
  const into = new Uint8Array(4);
  const read = [file.read(7, into), textOf(into)];
  file.write(9, bytesOf("XYZ"));
  const result = file.blob();
  return { read, text: await result.text(), type: result.type, given: await given.text() };
}

/** The story on a File's bytes. @param {"ilp32" | "lp64"} abi */
export async function blobStory(abi) {
  const file = await openBlob(new File([CONTENT], "chosen.bin"));
  return await tell(abi, file, () => file.blob().text());
}

/** The story on a file whose changes go back in the background. @param {"ilp32" | "lp64"} abi */
export async function handleStory(abi) {
  const handle = await newFile(`story.${abi}`, CONTENT);
  const file = await openFileHandle(handle);
  return await tell(abi, file, async () => {
    await file.flushed();
    return await (await handle.getFile()).text();
  });
}

/** What a file holds before and after its changes are flushed. */
export async function writeBack() {
  const handle = await newFile("write-back", "a".repeat(200_000));
  const file = await openFileHandle(handle);
  file.write(100_000, bytesOf("X"));
  file.truncate(150_000);
  file.truncate(160_000);
  file.write(170_000, bytesOf("Y"));
  file.sync();
  const before = await (await handle.getFile()).text();
  await file.flushed();
  const after = await (await handle.getFile()).text();
  return {
    unchanged: before === "a".repeat(200_000),
    size: after.length,
    runs: [...after.matchAll(/(.)\1*/gs)].map(([run]) => [run[0], run.length]),
  };
}

/** What flushing says when the file has gone. */
export async function lostFile() {
  const handle = await newFile("lost", "abc");
  const file = await openFileHandle(handle);
  await (await navigator.storage.getDirectory()).removeEntry("lost");
  file.write(0, bytesOf("X"));
  file.sync();
  return await file.flushed().then(
    () => "",
    (/** @type {Error} */ error) => error.name,
  );
}

/** Paths lead nowhere here, and memory always exists. */
export async function noPaths() {
  const kernel = await kernelOf("ilp32");
  let message = "";
  try {
    kernel.open("/etc/passwd", O.RDONLY);
  } catch (error) {
    message = String(error);
  }
  return { message, fd: kernel.openFile(new MemoryFile([1])) };
}

/** A case of worker-cases.js, in a worker. @param {unknown[]} call its name and arguments */
export async function inWorker(...call) {
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) =>
        data.error === undefined ? resolve(data.result) : reject(new Error(data.error));
      worker.onerror = (event) => reject(new Error(event.message || "the worker does not start"));
      worker.postMessage(call);
    });
  } finally {
    worker.terminate();
  }
}

export * from "./heap-cases.js";
export { imageInMemory } from "./image-cases.js";
export * from "./thread-cases.js";

export * from "./guest-cases.js";

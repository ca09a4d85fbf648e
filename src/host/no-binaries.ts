// Outside Node.js nothing is read behind the caller's back: whoever embeds the heap hands over the binary.

function explain(name: string): Error {
  return new Error(
    `no WebAssembly binary for "${name}": outside Node.js pass the bytes or a compiled WebAssembly.Module ` +
      `as the option "wasm" (the package exports the file as "ptmalloc-wasm/${name}.wasm")`,
  );
}

/** Always fails, with the way out in the message. Same signature as in Node.js. */
export function readBinary(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return Promise.reject(explain(name));
}

/** As `readBinary`, without waiting. */
export function readBinarySync(name: string): Uint8Array<ArrayBuffer> {
  throw explain(name);
}

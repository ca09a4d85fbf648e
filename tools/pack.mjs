// Packs files into an archive of the package's: what is alike takes hardly more room than one of
// it. What is in it: src/binary/archive.ts, which reads it.

import { brotliCompressSync, constants } from "node:zlib";

/**
 * @param {readonly (readonly [name: string, content: Uint8Array])[]} files those that are alike
 *   beside each other
 * @returns {Uint8Array} the archive
 */
export function packed(files) {
  const index = files.map(([name, content]) => [name, content.length]);
  const contents = files.map(([, content]) => content);
  const bytes = Buffer.concat([Buffer.from(`${JSON.stringify(index)}\n`), ...contents]);
  return brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
}

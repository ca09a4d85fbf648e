// What pictures of documents may weigh.

import { statSync } from "node:fs";

/** Bytes that a picture may have. */
const MOST = 200_000;

/**
 * @param {string} file a picture
 * @returns {number} its bytes
 * @throws {Error} where they are too many
 */
export function pictureBytes(file) {
  const { size } = statSync(file);
  if (size > MOST) throw new Error(`${file}: ${size} bytes, at most ${MOST}`);
  return size;
}

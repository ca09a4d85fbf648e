/** @param given by path, relative to the package */
export function setFiles(given: Iterable<readonly [string, Uint8Array]>): void;

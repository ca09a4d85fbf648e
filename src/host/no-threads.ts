// Outside Node.js workers have no numbers.

/** @returns 0: see `node-threads.ts` for what it is in Node.js */
export function workerId(): number {
  return 0;
}

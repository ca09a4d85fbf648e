// Runs a case of worker-cases.js for whoever asks.

import * as cases from "./worker-cases.js";

/** @type {Record<string, (...args: any[]) => Promise<unknown>>} */
const known = cases;

onmessage = async ({ data: [name, ...args] }) => {
  try {
    postMessage({ result: await known[name]?.(...args) });
  } catch (error) {
    postMessage({ error: String(error) });
  }
};

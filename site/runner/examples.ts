// Runs an example in JavaScript in a worker: the package's entries are there to be imported, the
// console prints as in Node.js.

import { formatWithOptions } from "node-inspect-extracted";
import * as main from "ptmalloc-wasm";
import * as core from "ptmalloc-wasm/core";
import * as debug from "ptmalloc-wasm/debug";
import * as image from "ptmalloc-wasm/image";
import * as inspect from "ptmalloc-wasm/inspect";
import * as kernel from "ptmalloc-wasm/kernel";
import * as link from "ptmalloc-wasm/link";
import * as wasm from "ptmalloc-wasm/wasm";
import { answer, need, type Printer } from "./talk.js";

const ENTRIES: Readonly<Record<string, object>> = {
  "ptmalloc-wasm": main,
  "ptmalloc-wasm/core": core,
  "ptmalloc-wasm/debug": debug,
  "ptmalloc-wasm/image": image,
  "ptmalloc-wasm/inspect": inspect,
  "ptmalloc-wasm/kernel": kernel,
  "ptmalloc-wasm/link": link,
  "ptmalloc-wasm/wasm": wasm,
};

const IMPORTED = /(\bfrom\s*|\bimport\s*)"(ptmalloc-wasm[^"]*)"/g;

function moduleOf(text: string): string {
  return URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
}

/** A module that exports what an entry of the package does. */
function entryModule(name: string): string {
  const entry = `globalThis.__entries[${JSON.stringify(name)}]`;
  const names = Object.keys(ENTRIES[name] ?? {});
  return moduleOf(names.map((key) => `export const ${key} = ${entry}.${key};`).join("\n"));
}

/** What an example sees of a page: where it writes, which is printed. */
function pageFor(print: Printer): object {
  const body = {
    set textContent(text: string) {
      print(`${text}\n`);
    },
  };
  return { body };
}

/** Makes the surroundings: console, binaries of the package, a document. */
function prepare(print: Printer): void {
  const log = (...values: unknown[]): void =>
    print(`${formatWithOptions({ colors: false }, ...values)}\n`);
  Object.assign(console, { log, info: log, warn: log, error: log });
  const fetchBinary = async (url: string | URL): Promise<Response> => {
    const file = String(url).replace(/^.*\//, "");
    const bytes = await need(file);
    return new Response(bytes, { status: bytes === null ? 404 : 200 });
  };
  Object.assign(globalThis, {
    __entries: ENTRIES,
    fetch: fetchBinary,
    document: pageFor(print),
  });
}

async function run({ code }: { readonly code: string }, print: Printer): Promise<void> {
  prepare(print);
  const text = code.replaceAll(
    IMPORTED,
    (_, before: string, name: string) => `${before}"${entryModule(name)}"`,
  );
  await import(/* @vite-ignore */ moduleOf(text));
}

answer(run);

// Binaries from a URL: fetched, or read from the disk where the URL is a file's and the host has
// files. What is there in place of a binary (a page that says 404, mostly) is told with its URL.

import { clip, show } from "../base/checks.js";
import type { WasmInput, WasmSource } from "./load.js";
import { nodeModule } from "../base/node.js";
import { isBinary, isResponse, isUrl, needed } from "../base/realm.js";

/** The longest URL that a message repeats, characters: a `data:` URL holds a whole binary. */
const URL_MOST = 300;

/** What a WebAssembly binary begins with: NUL, "asm". */
const MAGIC = [0, 0x61, 0x73, 0x6d];

/** @throws WebAssembly.CompileError that says what the bytes are instead of a binary */
function assertBinary(bytes: Uint8Array, place: string, type = ""): void {
  if (MAGIC.every((byte, i) => bytes[i] === byte)) return;
  const text = String.fromCharCode(...bytes.subarray(0, 24));
  const what = /^\s*<(!doctype|html|head|\?xml)/i.test(text)
    ? `there is an HTML page (it begins with ${show(text)}), as servers send for files that they do not have`
    : bytes.length === 0
      ? "there is nothing"
      : `the bytes begin with ${show(text)}`;
  throw new WebAssembly.CompileError(
    `${place} is no WebAssembly binary: ${what}${type && `; its type is ${show(type)}`}`,
  );
}

/**
 * The bytes that a server sent. They are few, so nothing is gained by compiling them as they
 * arrive, and their MIME type does not matter.
 * @param asked the URL that was asked for
 * @throws Error naming the URL: for a status other than 2xx, and for what is no WebAssembly binary
 */
async function bytesOf(response: Response, asked: string): Promise<WasmSource> {
  const place = clip(response.url || asked, URL_MOST);
  if (!response.ok) {
    throw new Error(
      `no WebAssembly binary at ${place}: the server answered ${response.status} ${response.statusText}`,
    );
  }
  const type = response.headers.get("content-type") ?? "";
  const bytes = await response.arrayBuffer();
  assertBinary(new Uint8Array(bytes), place, type);
  return bytes;
}

/** The file that a URL names, where the host has files. */
function readFile(url: URL): WasmSource | undefined {
  const fs = url.protocol === "file:" ? nodeModule("node:fs") : undefined;
  if (fs === undefined) return undefined;
  let bytes;
  try {
    bytes = new Uint8Array(fs.readFileSync(url));
  } catch (cause) {
    throw new Error(
      `cannot read ${url.pathname}: ${(cause as Error).message} (in a checkout, "npm run build:wasm" makes binaries)`,
      { cause },
    );
  }
  assertBinary(bytes, url.pathname);
  return bytes;
}

function urlOf(given: string | URL): URL {
  if (typeof given !== "string") return given;
  const base = (globalThis as { location?: { href?: string } }).location?.href;
  const Url = needed("URL");
  try {
    return new Url(given, base);
  } catch (cause) {
    throw new TypeError(`option "wasm": ${show(given)} is no URL`, { cause });
  }
}

function badInput(given: unknown): TypeError {
  return new TypeError(
    'option "wasm" must be the bytes of a WebAssembly binary, a WebAssembly.Module, a URL, or a Response, ' +
      `got ${show(given)}`,
  );
}

/**
 * @returns the binary that the option "wasm" speaks of, when it is neither bytes nor a module.
 * @throws Error that names its URL
 */
export async function fetchBinary(given: WasmInput): Promise<WasmSource> {
  if (typeof given === "string" || isUrl(given)) {
    const url = urlOf(given);
    const bytes = readFile(url);
    if (bytes !== undefined) return bytes;
    let response;
    try {
      response = await needed("fetch")(url);
    } catch (cause) {
      const place = clip(url.href, URL_MOST);
      throw new Error(`cannot fetch ${place}: ${(cause as Error).message}`, { cause });
    }
    return bytesOf(response, url.href);
  }
  if (isResponse(given)) return bytesOf(given, 'what the option "wasm" answered');
  // Once more for what was waited for, unless it was there already.
  const awaited: WasmInput = await given;
  if (isBinary(awaited)) return awaited;
  if (awaited === given) throw badInput(given);
  return fetchBinary(awaited);
}

/** As `fetchBinary`, without waiting: only files can be had so. */
export function fetchBinarySync(given: WasmInput): WasmSource {
  if (typeof given !== "string" && !isUrl(given)) {
    throw isResponse(given) || typeof (given as { then?: unknown } | null)?.then === "function"
      ? new TypeError(
          `option "wasm" must not be a Response or a promise where there is no waiting, got ${show(given)}`,
        )
      : badInput(given);
  }
  const url = urlOf(given);
  const bytes = readFile(url);
  if (bytes === undefined)
    throw new Error(`${url.href} can only be had by waiting: use the function without "Sync"`);
  return bytes;
}

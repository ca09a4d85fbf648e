// What a link says: which heap, which moment, which address and view. All of it is in the URL's
// hash, so nothing of it reaches a server; small traces are in it themselves, compressed.

import type { Filter } from "./filter.js";

/** The places that a link can lead to. */
export interface Place {
  /** The name of a bundled trace. */
  readonly trace?: string | undefined;
  /** A trace or a program itself, packed: see `packed`. */
  readonly data?: string | undefined;
  /** Calls in the shell's language, packed. */
  readonly script?: string | undefined;
  /** A file of the explorer's own server, from the explorer's folder. */
  readonly file?: string | undefined;
  readonly at?: number | undefined;
  /** The moment that the difference is taken to. */
  readonly mark?: number | undefined;
  readonly view?: string | undefined;
  /** The call of the dry run: `free(a + 4)`. */
  readonly call?: string | undefined;
  readonly address?: number | undefined;
  readonly abi?: string | undefined;
  readonly glibc?: string | undefined;
  readonly filter?: Filter | undefined;
}

const NUMBERS = ["at", "mark", "address"] as const;
const TEXTS = ["file", "trace", "data", "script", "view", "call", "abi", "glibc"] as const;

/** @returns a hash, without the # */
export function hashOf(place: Place): string {
  const params = new URLSearchParams();
  for (const name of TEXTS) if (place[name]) params.set(name, place[name]);
  for (const name of NUMBERS) {
    const value = place[name];
    if (value !== undefined)
      params.set(name, name === "address" ? `0x${value.toString(16)}` : `${value}`);
  }
  const filter = Object.entries(place.filter ?? {}).filter(
    ([, value]) => value !== undefined && value !== "" && String(value) !== "",
  );
  if (filter.length > 0) params.set("filter", JSON.stringify(Object.fromEntries(filter)));
  return params.toString();
}

/** @returns what a hash says, as far as it makes sense */
export function placeOf(hash: string): Place {
  const params = new URLSearchParams(hash.replace(/^#/, ""));
  const place: Record<string, unknown> = {};
  for (const name of TEXTS) if (params.get(name)) place[name] = params.get(name);
  for (const name of NUMBERS) {
    const value = Number(params.get(name) ?? NaN);
    if (Number.isSafeInteger(value) && value >= 0) place[name] = value;
  }
  try {
    const filter = JSON.parse(params.get("filter") ?? "null") as unknown;
    if (filter !== null && typeof filter === "object") place.filter = cleanFilter(filter);
  } catch {
    // A link that was cut: without its filter.
  }
  return place;
}

function cleanFilter(filter: object): Filter {
  const clean: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(filter)) {
    if (name === "states" && Array.isArray(value)) clean[name] = value.map(String);
    else if (name === "label") clean[name] = String(value);
    else if (typeof value === "number" && Number.isFinite(value)) clean[name] = value;
  }
  return clean;
}

/** @returns text compressed, in characters that a URL may have */
export async function packed(text: string): Promise<string> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The most that a link may unpack to, bytes. */
const MOST_UNPACKED = 1 << 22;

/** @returns the text of `packed` @throws Error for what is none */
export async function unpackedText(data: string): Promise<string> {
  const binary = atob(data.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let [text, length] = ["", 0];
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return text + decoder.decode();
    length += value.length;
    if (length > MOST_UNPACKED) throw new Error("the link holds more than 4 MiB");
    text += decoder.decode(value, { stream: true });
  }
}

// What a caller names a heap image by: a path or a file: URL, in Node.js, or an open file.

import { show } from "../base/checks.js";
import { nodeModule } from "../base/node.js";
import type { HostFile } from "../kernel/files/host-file.js";
import { openNodeFile } from "../kernel/files/node.js";

const METHODS = ["size", "read", "write", "truncate", "sync", "close"] as const;

/** A URL, as far as it is looked at: that of a file, in Node.js. */
export interface FileUrl {
  /** Such as "file:///tmp/heap.img". */
  readonly href: string;
  /** "file:" */
  readonly protocol: string;
}

/** What names a heap image: a path or a file: URL, in Node.js, or an open file. */
export type ImageSource = HostFile | FileUrl | string;

/** A file that was given: open, and whether it was opened here, so that it is to be closed here. */
export interface GivenFile {
  readonly file: HostFile;
  readonly isOurs: boolean;
}

/**
 * Opens what was given, unless it is open.
 * @param caller the function that it was given to, for messages
 * @param flags O bits
 * @throws TypeError for what is no path, no file: URL and no open file; the file's own errors
 */
export function openGiven(caller: string, given: unknown, flags: number): GivenFile {
  const path = typeof given === "string" ? given : pathOf(caller, given);
  if (path !== undefined) return { file: openNodeFile(path, flags), isOurs: true };
  return { file: checkFile(caller, given), isOurs: false };
}

/** The path of a URL, whichever realm it is from; undefined for what is no URL. */
function pathOf(caller: string, given: unknown): string | undefined {
  const { href, protocol } = Object(given) as Partial<FileUrl>;
  if (typeof href !== "string" || typeof protocol !== "string") return undefined;
  if (protocol !== "file:") {
    throw new TypeError(`${caller}: a URL must be one of a file (file:), got ${show(href)}`);
  }
  try {
    const url = nodeModule("node:url");
    if (url === undefined) throw new TypeError("outside Node.js files have no URLs");
    return url.fileURLToPath(href);
  } catch (cause) {
    throw new TypeError(`${caller}: ${show(href)}: ${(cause as Error).message}`, { cause });
  }
}

function checkFile(caller: string, given: unknown): HostFile {
  const file = Object(given) as Partial<HostFile>;
  const missing = METHODS.filter((name) => typeof file[name] !== "function");
  if (missing.length === 0 && typeof file.kind === "number" && typeof file.path === "string") {
    return file as HostFile;
  }
  const isObject = typeof given === "object" && given !== null;
  const lacks = missing.length > 0 ? `${missing.join(", ")}` : "a kind or a path";
  throw new TypeError(
    `${caller}: a file must be a path, a file: URL or an open HostFile, got ${show(given)}` +
      (isObject && missing.length < METHODS.length ? `, which lacks ${lacks}` : ""),
  );
}

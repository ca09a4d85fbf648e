/** Reads the recordings of Linux's and strace's own texts; record-texts.mjs makes them. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

/** @returns the recording's text, without a first line that says what recorded it */
export function golden(name: string): string {
  const bytes = readFileSync(new URL(`../golden/texts/${name}.txt.gz`, import.meta.url));
  return gunzipSync(bytes)
    .toString("latin1")
    .replace(/^# Linux .*\n/, "");
}

/** Files of a test, in a folder of their own that goes with it; and what commands say of them. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { run } from "./run.js";

/** A folder while a test's file runs. */
export interface Scratch {
  /** Its path, from the first hook on. */
  readonly folder: string;
  /** Writes a file. @returns its path */
  readonly file: (name: string, content: string | Uint8Array) => string;
}

/** Makes a folder before the tests, and removes it after them. @param name of what it is for */
export function scratch(name: string): Scratch {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), `${name}-`));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  return {
    get folder() {
      return folder;
    },
    file: (name, content) => {
      const path = join(folder, name);
      writeFileSync(path, content);
      return path;
    },
  };
}

/** The command must succeed, and say nothing on stderr. @returns what it prints */
export async function shown(args: string[], stdin = ""): Promise<string> {
  const { code, stdout, stderr } = await run(args, stdin);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

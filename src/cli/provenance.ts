// Where numbers come from: versions, machine and time, for the JSON of every command, so that files
// of two machines or of two releases can be told apart.

import { arch, availableParallelism, cpus, platform, release, totalmem } from "node:os";
import { DEFAULT_GLIBC } from "../layout/generated.js";
import { packageVersion } from "./package-root.js";

/** What a JSON output says of where it comes from. */
export interface Provenance {
  /** When it was made: ISO 8601, UTC. */
  readonly date: string;
  readonly versions: {
    readonly "ptmalloc-wasm": string;
    /** The release of glibc whose malloc is rebuilt. */
    readonly glibc: string;
    readonly node: string;
    readonly v8: string;
  };
  readonly machine: {
    readonly cpu: string;
    /** Processors that this process may use. */
    readonly cores: number;
    readonly memoryBytes: number;
    /**
     * Operating system and its release, and the processor's architecture, as Node.js names them.
     */
    readonly system: string;
    readonly arch: string;
  };
}

/**
 * Versions, machine and date, to be spread into a JSON output.
 * @param glibc whose malloc it is about
 */
export function provenance(glibc: string = DEFAULT_GLIBC): Provenance {
  return {
    date: new Date().toISOString(),
    versions: {
      "ptmalloc-wasm": packageVersion(),
      glibc,
      node: process.versions.node,
      v8: process.versions.v8,
    },
    machine: {
      cpu: (cpus()[0]?.model ?? "unknown").trim(),
      cores: availableParallelism(),
      memoryBytes: totalmem(),
      system: `${platform()} ${release()}`,
      arch: arch(),
    },
  };
}

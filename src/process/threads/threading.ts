// What a process of the threaded build has besides: who is who among its threads, and a fate that
// all of them share.

import type { Abi } from "../../layout/address.js";
import type { RawExports } from "../../binary/exports.js";
import type { Fate } from "../fate.js";
import { checkHeapHasOptions } from "../only-in.js";
import type { BuildOptions, ProcessPlan } from "../options.js";
import { SharedFate } from "./shared-fate.js";
import type { Structs } from "../../layout/structs.js";
import { mayWait, type ThreadRegistry } from "./registry.js";

/** What the first thread says before anything is allocated. */
export type Extensions = Pick<BuildOptions, "remoteFrees" | "largeTcache">;

/** The part of a plan that is about threads which run at the same time. */
export interface Threading {
  readonly registry: ThreadRegistry;
  /** How long threads wait for a lock, ms; 0: for ever. */
  readonly patience: number;
  /** Makes the instance another thread, by `attach`. @returns its number */
  join(raw: RawExports, attach: () => number): number;
  /** The instance is a thread now. */
  began(plan: ProcessPlan, raw: RawExports, structs: Structs, fate: Fate, isFirst: boolean): void;
  /** From now on there may be other threads at the same time. */
  share(raw: RawExports): void;
}

function threaded(raw: RawExports): RawExports<Abi, "threads"> {
  return raw as RawExports<Abi, "threads">;
}

function share(raw: RawExports): void {
  threaded(raw).share(mayWait() ? 1 : 0);
}

/** What a plan for the threaded build has besides. */
export function threadingOf(
  registry: ThreadRegistry,
  patience: number,
  extensions?: Extensions,
): Pick<ProcessPlan, "newFate" | "threading"> {
  const threading: Threading = {
    registry,
    patience,
    share,
    join: (raw, attach) =>
      registry.locked("attaching a thread", () => {
        const number = attach();
        registry.claim(number);
        share(raw);
        return number;
      }),
    began(plan, raw, structs, fate, isFirst) {
      (fate as SharedFate).bind(plan.memory, threaded(raw), structs);
      if (!isFirst) return;
      // A binary that was given says only now which heap it is.
      checkHeapHasOptions(extensions ?? {}, structs);
      threaded(raw).set_patience(patience);
      threaded(raw).set_queued_frees(extensions?.remoteFrees === "queue" ? 1 : 0);
      threaded(raw).set_large_tcache(extensions?.largeTcache ?? 0);
      registry.claim(0);
    },
  };
  return { threading, newFate: () => new SharedFate() };
}

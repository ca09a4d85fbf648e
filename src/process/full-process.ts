// The process that kernel and timeline both have.

import type { Abi } from "../layout/address.js";
import type { Process } from "./process.js";

/** A process of the build that has every system call, and can be looked into. */
export type FullProcess<A extends Abi = Abi> = Process<A, "full">;

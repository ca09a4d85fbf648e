// All guided tours.

import { ABORTS } from "./aborts.js";
import { LINUX_HEAP } from "./linux-heap.js";
import type { Tour } from "./tour.js";

export type { Ground, Picture, Step, Tour } from "./tour.js";

export const TOURS: readonly Tour[] = [LINUX_HEAP, ABORTS];

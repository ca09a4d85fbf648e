// Programs that exist twice.

import { btree } from "./btree.js";
import { document } from "./document.js";
import { grid } from "./grid.js";
import { lru } from "./lru.js";
import { particles } from "./particles.js";
import { tiles } from "./tiles.js";
import type { Twice } from "./words.js";

/** All of them. */
export const programs: readonly Twice[] = [lru, particles, btree, document, tiles, grid];

// The commands that look at a heap, all together.

import { ARENA_COMMANDS } from "./arena-commands.js";
import { CALL_COMMANDS } from "./call-commands.js";
import { CHUNK_COMMANDS } from "./chunk-commands.js";
import { LIST_COMMANDS } from "./list-commands.js";
import type { HeapCommand } from "./registry.js";
import { SEARCH_COMMANDS } from "./search-commands.js";
import { SPACE_COMMANDS } from "./space-commands.js";

/** All of them, in the order of help. */
export const HEAP_COMMANDS: readonly HeapCommand[] = [
  ...CHUNK_COMMANDS,
  ...LIST_COMMANDS,
  ...ARENA_COMMANDS,
  ...CALL_COMMANDS,
  ...SPACE_COMMANDS,
  ...SEARCH_COMMANDS,
];

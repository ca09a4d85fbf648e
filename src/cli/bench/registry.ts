import { cModules } from "./contestants/c-modules.js";
import { nativeContestants } from "./contestants/native.js";
import type { Contestant } from "./contestant.js";
export const contestants: readonly Contestant[] = [...cModules, ...nativeContestants];

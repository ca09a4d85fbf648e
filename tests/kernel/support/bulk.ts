// What the programs beside the tests take from them.

export { histogram, parseSequences, replaySequence } from "./sequence.js";

import { report } from "./report.js";
import { run } from "./wasm.js";

void report(run);

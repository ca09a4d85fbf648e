import { report } from "./report.js";
import { run } from "./kernel.js";

void report(run);

import { report } from "./report.js";
import { run } from "./threads.js";

void report(run);

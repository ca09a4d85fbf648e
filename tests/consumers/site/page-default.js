import { report } from "./report.js";
import { run } from "./default.js";

void report(run);

import { report } from "./report.js";
import { run } from "./relative.js";

void report(run);

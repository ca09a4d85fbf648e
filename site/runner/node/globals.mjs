// What programs for Node.js expect to be there. It comes before all else of the bundle.

import { Buffer } from "buffer/index.js";
import { HOME } from "./files.mjs";

globalThis.Buffer = Buffer;
globalThis.global = globalThis;
globalThis.process = {
  argv: [],
  env: {},
  platform: "linux",
  arch: "x64",
  version: "v20.16.0",
  versions: { node: "20.16.0" },
  execArgv: [],
  stdin: {},
  stdout: {},
  stderr: {},
  cwd: () => HOME,
  getBuiltinModule: (name) => globalThis.__nodeModules[name],
};

import { run } from "./kernel.js";

console.log(JSON.stringify(await run()));

import { run } from "./default.js";

console.log(JSON.stringify(await run()));

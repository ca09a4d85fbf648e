import { run } from "./threads.js";

console.log(JSON.stringify(await run()));

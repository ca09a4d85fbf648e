import { run } from "./module.js";

console.log(JSON.stringify(await run()));

// For workerd: answers each request with what the program found.
import { run } from "./default.js";

export default {
  async fetch() {
    return Response.json(await run());
  },
};

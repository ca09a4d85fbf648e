import { expect, it } from "vitest";
import { parseTrace } from "../../src/trace/parse.js";
import { startSession } from "../../src/trace/session.js";
import { TraceError } from "../../src/trace/trace.js";

it("an abort names trace, line and operation", () => {
  const text = "# two blocks\na 0 24\na 1 24\n\nf 0\n";
  const trace = parseTrace(new TextEncoder().encode(text), "t.rep");
  const session = startSession(trace, {});
  const block = session.step(0);
  session.step(1);
  // Its size becomes one that no chunk has.
  session.words[(block - 4) / 4] = 0xffff_fff1;
  expect(() => session.step(2)).toThrow(TraceError);
  expect(() => startSession(trace, {}).step(0)).not.toThrow();
});

it("in one line, as the command prints it", () => {
  const trace = parseTrace(new TextEncoder().encode("a 0 24\n\nf 0\n"), "t.rep");
  const session = startSession(trace, {});
  const block = session.step(0);
  session.words[(block - 4) / 4] = 0xffff_fff1;
  expect(() => session.step(1)).toThrow(
    /^t\.rep:3: operation 1: [^\n]*free\(\): invalid pointer[^\n]*$/,
  );
});

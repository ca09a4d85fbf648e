import { describe, expect, it } from "vitest";
import { AddressLogWriter, type AddressLogOutput } from "../../src/trace/address-log.js";
import { Fnv64 } from "../../src/trace/fnv.js";

function write(output: AddressLogOutput, fill: (log: AddressLogWriter) => void) {
  let text = "";
  const decoder = new TextDecoder();
  const log = new AddressLogWriter({ ...output, sink: (bytes) => (text += decoder.decode(bytes)) });
  fill(log);
  log.finish("info 9 brk=0");
  return { text, log };
}

/** The definition, with BigInt. */
function fnv(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, "0");
}

function someLines(log: AddressLogWriter): void {
  log.heap(0, 0x1a0, 28, false);
  log.mapped(1, 0xfffff00a, 200688);
  log.null(2);
  log.heap(3, 0xffff0000, 4294967295, true);
  log.heap(4, 0, 0, false);
}

describe("lines", () => {
  it("have the goldens' form", () => {
    const { text, log } = write({}, someLines);
    expect(text).toBe("0 1a0\n1 mmap 00a 200688\n2 null\n3 far ffff0000\n4 0\ninfo 9 brk=0\n");
    expect(log.lines).toBe(5);
  });

  it("have the usable size on demand", () => {
    const { text } = write({ sizes: true }, someLines);
    expect(text).toBe(
      "0 1a0 28\n1 mmap 00a 200688\n2 null\n3 far ffff0000 4294967295\n4 0 0\ninfo 9 brk=0\n",
    );
  });

  it("can be sampled, without changing the hash", () => {
    const { text, log } = write({ sample: 2 }, someLines);
    expect(text).toBe("0 1a0\n2 null\n4 0\ninfo 9 brk=0\n");
    expect(log.hashes()).toEqual(write({}, someLines).log.hashes());
  });

  it("come in chunks, all of them", () => {
    const { text, log } = write({}, (writer) => {
      for (let i = 0; i < 20_000; i++) writer.heap(i, i * 16, 12, false);
    });
    const lines = text.trimEnd().split("\n");
    expect(lines).toHaveLength(20_001);
    expect(lines[19_999]).toBe(`19999 ${(19_999 * 16).toString(16)}`);
    expect(log.hashes().addresses).toBe(fnv(text.slice(0, text.indexOf("info"))));
  });
});

describe("hashes", () => {
  it("are FNV-1a 64 of the whole text, without and with sizes", () => {
    const info = "info 9 brk=0\n";
    const { log, text } = write({}, someLines);
    const sized = write({ sizes: true }, someLines).text;
    expect(log.hashes()).toEqual({
      addresses: fnv(text.slice(0, -info.length)),
      addressesAndSizes: fnv(sized.slice(0, -info.length)),
    });
  });

  it.each(["", "a", "foobar", "\u00ff\u00ff\u00ff".repeat(100)])(
    "equal the definition for %j",
    (text) => {
      const hash = new Fnv64();
      hash.update(new TextEncoder().encode(text));
      expect(hash.digest()).toBe(fnv(text));
    },
  );

  it("of known strings", () => {
    // Test vectors of the FNV authors.
    expect(fnv("")).toBe("cbf29ce484222325");
    expect(fnv("a")).toBe("af63dc4c8601ec8c");
    expect(fnv("foobar")).toBe("85944171f73967e8");
  });
});

import { expect, it } from "vitest";
import { assemble, IMPORTS } from "../link/wat.js";
import { describeChromium } from "./chromium.js";

function guestAt(at: number, code: string): number[] {
  const memory = `(memory (export "memory") 1) (global (export "__heap_base") i32 (i32.const ${at + 16}))`;
  return [...assemble(`(module ${IMPORTS} ${memory} (data (i32.const ${at}) "data") ${code})`)];
}

describeChromium("guests in a browser", (browser) => {
  it("two of them exchange pointers", async () => {
    const put = guestAt(
      1024,
      `(func (export "put") (param i32) (result i32) (local i32)
        (local.set 1 (call $malloc (i32.const 4))) (i32.store (local.get 1) (local.get 0)) (local.get 1))`,
    );
    const take = guestAt(
      2048,
      `(func (export "take") (param i32) (result i32) (i32.load (local.get 0)) (call $free (local.get 0)))`,
    );
    expect(await browser.run("guests", put, take)).toEqual({
      usable: 12,
      taken: 42,
      again: true,
      refused: expect.stringContaining("lie in the same place, at 0x400 to 0x410") as unknown,
    });
  });
});

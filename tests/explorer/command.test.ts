// `ptmalloc-wasm explore`: the package's own explorer, from a server on this machine.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { DESK, settled, whyText } from "./site.js";
import { describePages, type Opener } from "../browser/pages.js";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** The page is that of the other tests; here the server is looked at. */
const suite = (open: Opener): void => {
  let child: ChildProcess | undefined;
  let address = "";
  beforeAll(async () => {
    child = spawn(process.execPath, [main, "explore", "git-log", "--at", "300", "--no-open"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [text] = (await once(child.stdout!, "data")) as [Buffer];
    address = /http:\S+/.exec(text.toString())![0];
  });
  afterAll(() => child?.kill());

  it("shows the file, at the moment that was asked for", async () => {
    const { page, problems } = await open(address, DESK);
    await settled(page);
    expect(await whyText(page)).toContain("299");
    expect(await page.locator(".sentence").innerText()).toContain("git-log");
    await page.getByRole("combobox", { name: "glibc" }).selectOption("2.43");
    await page.getByRole("combobox", { name: "trace" }).selectOption("git-grep");
    await expect.poll(() => page.locator(".sentence").innerText()).toContain("glibc 2.43");
    expect(problems).toEqual([]);
    await page.close();
  });

  it("answers to its own names only, and gives nothing but its files", async () => {
    expect(await statusOf(address, "/", "evil.example")).toBe(403);
    expect(await statusOf(address, "/package/../../package.json")).toBe(404);
    expect(await statusOf(address, "/package/..%2f..%2fpackage.json")).toBe(404);
    expect(await statusOf(address, "/wasm/..%2f..%2fpackage.json")).toBe(404);
    expect(await statusOf(address, "/index.html")).toBe(200);
  });
};

describePages("ptmalloc-wasm explore", suite, ["chromium"]);

async function statusOf(address: string, path: string, host?: string): Promise<number> {
  const { port } = new URL(address);
  const sent = request({ port, host: "127.0.0.1", path, headers: host ? { host } : {} });
  sent.end();
  const [response] = (await once(sent, "response")) as [{ statusCode: number; resume: () => void }];
  response.resume();
  return response.statusCode;
}

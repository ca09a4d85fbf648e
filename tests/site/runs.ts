// Presses the buttons below examples, and compares what comes out with what the page says.

import type { Locator, Page } from "playwright-core";

/** What an example says that it prints, in the comments behind console.log. */
const SAID = /console\.log\(.*\).*?\/\/ (.*)$/gm;

/** What pressing one button came to. */
interface Pressed {
  readonly status: string;
  readonly output: string;
}

async function press(run: Locator): Promise<Pressed> {
  await run.locator("button").click();
  await run.locator("button:enabled").waitFor();
  const output = run.locator("pre");
  return {
    status: await run.locator("[role=status]").innerText(),
    output: (await output.count()) > 0 ? ((await output.textContent()) ?? "") : "",
  };
}

/** @returns what is wrong with an output; nothing where it is what the block above says */
function wrong(kind: string | null, code: string, { status, output }: Pressed): string[] {
  if (kind === "commands") return status.startsWith("The same") ? [] : [status, output];
  const said = [...code.matchAll(SAID)].map(([, text]) => text!);
  if (!status.startsWith("Done") || output.includes("Uncaught")) return [status, output];
  const lines = output.split("\n");
  return said.filter((line) => !lines.includes(line)).map((line) => `no line "${line}": ${output}`);
}

/** Presses every button of a page. @returns what is wrong, each with the block's number */
export async function pressAll(page: Page): Promise<{ count: number; problems: string[] }> {
  const runs = page.locator(".run");
  const count = await runs.count();
  const problems: string[] = [];
  for (let i = 0; i < count; i++) {
    const run = runs.nth(i);
    const code = await run.evaluate(
      (one) => one.previousElementSibling?.querySelector("code")?.textContent ?? "",
    );
    const found = wrong(await run.getAttribute("data-kind"), code, await press(run));
    problems.push(...found.map((text) => `block ${i}: ${text}`));
  }
  return { count, problems };
}

/** A worker's script that tries to get at the page and at the network, and says how far it came. */
const PRISONER = `
  const print = (text) => postMessage({ kind: "print", text: text + "\\n" });
  const tries = {
    page: () => { if (typeof document !== "undefined" || typeof window !== "undefined") return 1; throw 0; },
    network: () => fetch(TARGET),
    socket: () => new Promise((done, fail) => {
      const socket = new WebSocket(TARGET.replace("http", "ws"));
      socket.onopen = done;
      socket.onerror = fail;
    }),
    storage: () => new Promise((done, fail) => {
      const request = indexedDB.open("x");
      request.onsuccess = done;
      request.onerror = fail;
    }),
    script: () => importScripts(TARGET),
  };
  (async () => {
    for (const [name, attempt] of Object.entries(tries))
      try { await attempt(); print(name + ": reached"); } catch { print(name + ": no"); }
    if (LOOPS) for (;;);
    postMessage({ kind: "done" });
  })();
`;

/** Puts that script in the place of the runner's. @param loops whether it never ends */
export async function imprison(page: Page, target: string, loops: boolean): Promise<void> {
  const body = PRISONER.replaceAll("TARGET", JSON.stringify(target)).replace("LOOPS", `${loops}`);
  await page.route("**/runner/examples.js", (route) =>
    route.fulfill({ body, contentType: "text/javascript" }),
  );
}

/** What the prisoner must have said. */
export const HELD = ["page", "network", "socket", "storage", "script"]
  .map((name) => `${name}: no\n`)
  .join("");

export { press };

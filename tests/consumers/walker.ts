// A new user's walk through an environment of docs/environments.md: a folder, the files, the
// commands, and a look at what comes of it.

import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import getPort from "get-port";
import { chromium, type Browser } from "playwright-core";
import { expect } from "vitest";
import { Listener } from "./browsers.js";
import { installed, pageOf, type Guide, type Step } from "./guide.js";
import { unpack } from "./site.js";
import { linkTools, placeOf, type Tool } from "./tools.js";

const run = promisify(execFile);

/** How long a server may take to answer, and a page to show what it should, ms. */
const PATIENCE_MS = 30_000;

const modules = fileURLToPath(new URL("node_modules/", import.meta.url));

type Expectation = Extract<Step, { kind: "expect" }>;

/** The browser, started when the first page is looked at. */
let browser: Promise<Browser> | undefined;

export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
  browser = undefined;
}

/** Opens a page, and waits for it to show a text. */
async function expectShown(url: string, text: string): Promise<void> {
  const executablePath = placeOf("chromium")!;
  browser ??= chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  const page = await (await browser).newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => errors.push(message.text()));
  try {
    await page.goto(url);
    const body = page.locator("body");
    const shown = async (): Promise<string> => (await body.innerText()).trim();
    await expect.poll(shown, { timeout: PATIENCE_MS }).toBe(text);
  } catch (error) {
    throw new Error(`${(error as Error).message}; the page said: ${errors.join("\n")}`, {
      cause: error,
    });
  } finally {
    await page.close();
  }
}

/** A server that a command started, and what it said. */
class Running {
  readonly #child: ChildProcess;
  #said = "";

  constructor(command: string, cwd: string, env: NodeJS.ProcessEnv) {
    this.#child = spawn("sh", ["-c", command], { cwd, env, stdio: "pipe", detached: true });
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.on("data", (chunk: Buffer) => (this.#said += chunk.toString()));
  }

  /** @returns the answer, when the server is up */
  async answer(url: string): Promise<string> {
    for (const end = Date.now() + PATIENCE_MS; ;) {
      try {
        return await (await fetch(url)).text();
      } catch (cause) {
        if (this.#child.exitCode !== null || Date.now() > end)
          throw new Error(`${url} does not answer; the server said: ${this.#said}`, { cause });
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  stop(): void {
    // The shell, npx, and what that started: they are one group.
    if (this.#child.exitCode === null) process.kill(-this.#child.pid!, "SIGKILL");
  }
}

/** How other runtimes run what the guide runs in Node.js. */
const IN_PLACE_OF_NODE: Readonly<Partial<Record<Tool, string>>> = {
  deno: "deno run --allow-read",
  bun: "bun",
};

/** A folder in which one guide is followed. */
export class Walk {
  readonly #folder = mkdtempSync(join(tmpdir(), "ptmalloc-walk-"));
  readonly #env: NodeJS.ProcessEnv;
  readonly #node: string;
  #running: Running | undefined;
  #output = "";

  /** @param tools whose programs can be called by their names */
  constructor(tools: readonly Tool[]) {
    this.#node = IN_PLACE_OF_NODE[tools[0]!] ?? "node";
    const places = tools.flatMap((tool) => placeOf(tool) ?? []).map(dirname);
    const bin = join(this.#folder, "node_modules", ".bin");
    this.#env = {
      ...process.env,
      PATH: [bin, ...places, process.env.PATH].join(delimiter),
      // Nothing is fetched: what is not installed is an error.
      npm_config_offline: "true",
      npm_config_yes: "false",
      DENO_DIR: join(this.#folder, ".deno"),
      DENO_NO_UPDATE_CHECK: "1",
      NEXT_TELEMETRY_DISABLED: "1",
      NO_COLOR: "1",
      NODE_OPTIONS: "",
      NODE_ENV: "",
    };
    writeFileSync(join(this.#folder, "package.json"), "{}\n");
  }

  /** Follows a guide. @throws when something is not as the guide says */
  async follow({ steps }: Guide): Promise<void> {
    const ports = await this.#ports(steps);
    const local = (text: string): string =>
      [...ports].reduce((all, [from, to]) => all.replaceAll(`${from}`, `${to}`), text);
    for (const [i, step] of steps.entries()) {
      if (step.kind === "file") this.#write(step.name, local(step.content));
      else if (step.kind === "run") await this.#run(step.commands.map(local), steps[i + 1]);
      else await this.#expect({ ...step, where: local(step.where) });
    }
  }

  end(): void {
    this.#running?.stop();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  /** The ports that a guide names, and free ones in their place. */
  async #ports(steps: readonly Step[]): Promise<ReadonlyMap<number, number>> {
    const ports = new Map<number, number>();
    for (const step of steps) {
      const [, port] = (step.kind === "expect" && /:(\d+)\//.exec(step.where)) || [];
      if (port !== undefined && !ports.has(Number(port))) ports.set(Number(port), await getPort());
    }
    return ports;
  }

  #write(name: string, content: string): void {
    const path = join(this.#folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }

  async #run(commands: readonly string[], next: Step | undefined): Promise<void> {
    this.#output = "";
    const isServer = next?.kind === "expect" && (next.how === "answers" || next.how === "shows");
    for (const [i, command] of commands.entries()) {
      const names = installed(command);
      if (names !== undefined) this.#install(names);
      else if (isServer && i === commands.length - 1)
        this.#running = new Running(command, this.#folder, this.#env);
      else {
        const options = { cwd: this.#folder, env: this.#env, timeout: 4 * PATIENCE_MS };
        const own = command.replace(/^node\b/, this.#node);
        const { stdout } = await run("sh", ["-c", own], options);
        this.#output += stdout;
      }
    }
  }

  /** The package as it is packed, and the tools that are installed for these tests. */
  #install(names: readonly string[]): void {
    const dependencies = Object.fromEntries(names.map((name) => [name, "*"]));
    this.#write("package.json", JSON.stringify({ dependencies }));
    const bin = join(this.#folder, "node_modules", ".bin");
    mkdirSync(bin, { recursive: true });
    for (const name of names) {
      if (name === "ptmalloc-wasm") unpack(this.#folder);
      // Of workerd only the program itself is here, without the package that picks the one for this
      // machine.
      else if (name === "workerd") symlinkSync(placeOf("workerd")!, join(bin, name));
      else this.#link(name, bin);
    }
    // Next.js reads nothing outside of its project, where links lead.
    if (names.includes("next"))
      this.#write("next.config.mjs", 'export default { turbopack: { root: "/" } };\n');
  }

  #link(name: string, bin: string): void {
    linkTools(this.#folder, [name]);
    const manifest = readFileSync(join(modules, name, "package.json"), "utf8");
    const { bin: programs } = JSON.parse(manifest) as { bin?: string | Record<string, string> };
    const named = typeof programs === "string" ? { [name]: programs } : (programs ?? {});
    for (const [program, path] of Object.entries(named))
      symlinkSync(join(modules, name, path), join(bin, program));
  }

  async #expect({ how, where, text }: Expectation): Promise<void> {
    if (how === "prints") expect(this.#output.trimEnd()).toBe(text);
    else if (how === "page") await this.#expectPage(where, text);
    else {
      const answer = await this.#running!.answer(where);
      if (how === "answers") expect(answer).toBe(text);
      else await expectShown(where, text);
    }
  }

  async #expectPage(path: string, text: string): Promise<void> {
    const { folder, page } = pageOf(path);
    const listener = await new Listener(join(this.#folder, folder)).listen();
    try {
      await expectShown(`${listener.origin}/${page}`, text);
    } finally {
      listener.close();
    }
  }
}

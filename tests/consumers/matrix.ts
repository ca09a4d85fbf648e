// Where the package is tried: environments, and in each the entries. docs/embedding.md has the
// table that this makes.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Listener, reportOf } from "./browsers.js";
import { routed, withNext } from "./next.js";
import { answered, printed } from "./runtimes.js";
import type * as Bundlers from "./bundlers.mjs";
import type { Site } from "./site.js";
import type { Tool } from "./tools.js";

/**
 * The programs of site/, by what they import: `.`, `./core`, `./module`, `./wasm`; `kernel` stands
 * for `./kernel` and `./image` (and lp64).
 */
export const ENTRIES = ["default", "core", "module", "wasm", "kernel", "threads"] as const;
export type Entry = (typeof ENTRIES)[number];

/** A row of the table. */
export interface Environment {
  readonly name: string;
  readonly tools: readonly Tool[];
  readonly entries: readonly Entry[];
  /** Why an entry is missing, for the table. */
  readonly note?: string;
  /** Runs the entry's program. @returns what it found */
  run(this: void, site: Site, entry: Entry): Promise<unknown>;
}

type Tools = typeof Bundlers;

/** Only where they are installed. */
function bundlers(): Promise<Tools> {
  return import("./bundlers.mjs");
}

function runtime(name: string, tool: Tool): Environment {
  return {
    name,
    tools: [tool],
    entries: ENTRIES,
    run: (site, entry) => printed(tool, site, entry),
  };
}

/** A route of the Next.js application. @param kind where it runs */
function nextRoute(
  name: string,
  kind: "edge" | "node",
  entries: Environment["entries"],
): Environment {
  return { name, tools: ["next"], entries, run: (site, entry) => routed(site, `${kind}-${entry}`) };
}

/**
 * A page that is served as the files are.
 * @param script begins the name of the page's script, in place of the entry's
 */
function plainPage(
  name: string,
  browser: "chromium" | "firefox",
  head: string,
  headers: Readonly<Record<string, string>>,
  entries: Environment["entries"],
  script?: string,
): Environment {
  return {
    name,
    tools: [browser],
    entries,
    async run(site, entry) {
      const page = `plain-${browser}-${script ?? entry}.html`;
      const main = `<script type="module" src="./page-${script ?? entry}.js"></script>`;
      writeFileSync(join(site.folder, page), `<!doctype html><title>x</title>${head}${main}`);
      const listener = await new Listener(site.folder, headers).listen();
      try {
        return await reportOf(browser, `${listener.origin}/${page}`, listener);
      } finally {
        listener.close();
      }
    },
  };
}

const DIST = "node_modules/ptmalloc-wasm/dist";

/** What a page needs instead of a bundler: where the package's names lead. */
const IMPORT_MAP = `<script type="importmap">${JSON.stringify({
  imports: {
    "ptmalloc-wasm": `./${DIST}/index.js`,
    "ptmalloc-wasm/wasm": `./${DIST}/wasm.js`,
    "ptmalloc-wasm/threads": `./${DIST}/threads.js`,
    "ptmalloc-wasm/kernel": `./${DIST}/kernel/index.js`,
    "ptmalloc-wasm/image": `./${DIST}/image/index.js`,
  },
})}</script>`;

/** A production build, served as files. */
function build(
  name: string,
  entries: Environment["entries"],
  make: (tools: Tools, site: string, entry: Entry, out: string) => Promise<string>,
  note?: string,
): Environment {
  return {
    name,
    tools: ["bundlers", "chromium"],
    entries,
    ...(note && { note }),
    async run(site, entry) {
      const out = site.out(`${name}-${entry}`.replace(/\W+/g, "-"));
      const page = await make(await bundlers(), site.folder, entry, out);
      const listener = await new Listener(out, CONTENT_SECURITY).listen();
      try {
        return await reportOf("chromium", `${listener.origin}/${page}`, listener);
      } finally {
        listener.close();
      }
    },
  };
}

/** A server for development. */
function dev(
  name: string,
  entries: Environment["entries"],
  start: (
    tools: Tools,
    site: string,
    entry: Entry,
    out: string,
  ) => Promise<{ url: string; close: () => unknown }>,
  note?: string,
): Environment {
  return {
    name,
    tools: ["bundlers", "chromium"],
    entries,
    ...(note && { note }),
    async run(site, entry) {
      const out = site.out(`${name}-${entry}`.replace(/\W+/g, "-"));
      const listener = await new Listener(undefined).listen();
      const server = await start(await bundlers(), site.folder, entry, out);
      try {
        return await reportOf("chromium", server.url, listener);
      } finally {
        await server.close();
        listener.close();
      }
    },
  };
}

/**
 * As strict as a page that runs WebAssembly can be: no code from text, no workers from blobs,
 * nothing from elsewhere.
 */
const CONTENT_SECURITY = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'",
};

/** What shared memory takes. */
const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

const URLS: Environment["entries"] = ["default", "wasm", "kernel"];
const PAGES: Environment["entries"] = [...URLS, "threads"];

export const ENVIRONMENTS: readonly Environment[] = [
  runtime("Node.js 20", "node20"),
  runtime("Node.js 22", "node22"),
  runtime("Node.js 24", "node24"),
  runtime("Deno", "deno"),
  runtime("Bun", "bun"),
  {
    name: "workerd (esbuild)",
    tools: ["workerd", "bundlers"],
    entries: ["default", "core", "module"],
    note: "compiles nothing at run time, and has no files and no URLs of its own",
    async run(site, entry) {
      const out = site.out(`workerd-${entry}`);
      const { workerBuild } = await bundlers();
      return await answered(out, await workerBuild(site.folder, entry, out));
    },
  },
  nextRoute("Next.js, edge route", "edge", ["default", "module"]),
  nextRoute("Next.js, Node.js route", "node", ["default", "wasm", "kernel"]),
  {
    name: "Next.js, page",
    tools: ["next", "chromium"],
    entries: ["default", "wasm", "kernel"],
    async run(site, entry) {
      const listener = await new Listener(undefined).listen();
      try {
        return await withNext(site, (origin) =>
          reportOf("chromium", `${origin}/page-${entry}`, listener),
        );
      } finally {
        listener.close();
      }
    },
  },
  plainPage("Chromium, page", "chromium", "", CONTENT_SECURITY, ["default"], "relative"),
  plainPage("Chromium, page with an import map", "chromium", IMPORT_MAP, ISOLATION, PAGES),
  plainPage("Firefox, page", "firefox", "", CONTENT_SECURITY, ["default"], "relative"),
  plainPage("Firefox, page with an import map", "firefox", IMPORT_MAP, ISOLATION, PAGES),
  dev("Vite, dev server", URLS, ({ viteDev }, site, entry) => viteDev(site, entry)),
  build("Vite, production", URLS, ({ viteBuild }, site, entry, out) => viteBuild(site, entry, out)),
  dev("webpack, dev server", URLS, ({ webpackDev }, site, entry, out) =>
    webpackDev(site, entry, out),
  ),
  build("webpack, production", URLS, ({ webpackBuild }, site, entry, out) =>
    webpackBuild(site, entry, out),
  ),
  dev("esbuild, dev server", ["default"], ({ esbuildDev }, site, entry, out) =>
    esbuildDev(site, entry, out),
  ),
  build("esbuild, production", ["default"], ({ esbuildBuild }, site, entry, out) =>
    esbuildBuild(site, entry, out),
  ),
  build("Rspack, production", URLS, ({ rspackBuild }, site, entry, out) =>
    rspackBuild(site, entry, out),
  ),
  build("Parcel, production", ["default"], ({ parcelBuild }, site, entry, out) =>
    parcelBuild(site, entry, out),
  ),
  build("Rollup, production", ["default"], ({ rollupBuild }, site, entry, out) =>
    rollupBuild(site, entry, out),
  ),
];

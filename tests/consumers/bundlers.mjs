/* eslint-disable @typescript-eslint/ban-ts-comment */
// @ts-nocheck: the bundlers are installed beside this file only where the consumer tests run.
// What users of bundlers do: production builds, and servers for development, with as little
// configuration as there can be.

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import { rspack } from "@rspack/core";
import * as esbuild from "esbuild";
import { rollup } from "rollup";
import * as vite from "vite";
import webpack from "webpack";
import devMiddleware from "webpack-dev-middleware";

function html(script) {
  return `<!doctype html><title>x</title><script type="module" src="${script}"></script>`;
}

/** Puts a page beside a bundle. */
function addPage(folder) {
  writeFileSync(join(folder, "index.html"), html("./main.js"));
}

export async function viteBuild(site, entry, out) {
  const page = join(site, `vite-${entry}.html`);
  writeFileSync(page, html(`/page-${entry}.js`));
  await vite.build({
    root: site,
    configFile: false,
    logLevel: "error",
    base: "./",
    build: { outDir: out, emptyOutDir: true, rollupOptions: { input: page } },
  });
  return `vite-${entry}.html`;
}

export async function viteDev(site, entry) {
  const page = `vite-dev-${entry}.html`;
  writeFileSync(join(site, page), html(`/page-${entry}.js`));
  const server = await vite.createServer({
    root: site,
    configFile: false,
    logLevel: "error",
    cacheDir: join(site, `.vite-${entry}`),
    server: { host: "127.0.0.1", port: 0, ws: false },
  });
  await server.listen();
  const { port } = server.httpServer.address();
  const close = async () => {
    const { optimized } = server.environments.client.depsOptimizer.metadata;
    await server.close();
    // It takes packages out of node_modules and bundles them anew, which has lost files that belong
    // to them.
    const seen = Object.keys(optimized).filter((name) => name.startsWith("ptmalloc-wasm"));
    if (seen.length === 0) throw new Error("Vite's optimizer did not see the package");
  };
  return { url: `http://127.0.0.1:${port}/${page}`, close };
}

function webpackConfig(site, entry, mode, out) {
  return {
    mode,
    context: site,
    entry: `./page-${entry}.js`,
    output: { path: out, filename: "main.js" },
    performance: { hints: false },
  };
}

export const webpackBuild = (site, entry, out) => webpackLike(webpack, site, entry, out);
export const rspackBuild = (site, entry, out) => webpackLike(rspack, site, entry, out);

async function webpackLike(bundler, site, entry, out) {
  addPage(out);
  const compiler = bundler(webpackConfig(site, entry, "production", out));
  const stats = await new Promise((resolve, reject) =>
    compiler.run((error, result) => (error ? reject(error) : resolve(result))),
  );
  await new Promise((resolve) => compiler.close(resolve));
  const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
  if (errors.length + warnings.length > 0)
    throw new Error([...errors, ...warnings].map(({ message }) => message).join("\n"));
  return "index.html";
}

export async function webpackDev(site, entry, out) {
  const compiler = webpack(webpackConfig(site, entry, "development", out));
  const middleware = devMiddleware(compiler, { publicPath: "/", stats: "none" });
  const server = createServer((request, response) =>
    middleware(request, response, () => {
      response.setHeader("Content-Type", "text/html");
      response.end(html("./main.js"));
    }),
  );
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = async () => {
    server.close();
    server.closeAllConnections();
    await new Promise((resolve) => middleware.close(resolve));
    await new Promise((resolve) => compiler.close(resolve));
  };
  return { url: `http://127.0.0.1:${server.address().port}/index.html`, close };
}

/** As `parcel build` without a setting: it reads `main` in package.json, and no `exports`. */
export async function parcelBuild(site, entry, out) {
  const page = join(site, `parcel-${entry}.html`);
  writeFileSync(page, html(`./page-${entry}.js`));
  const bin = fileURLToPath(new URL("node_modules/.bin/parcel", import.meta.url));
  const options = ["--no-cache", "--no-source-maps", "--public-url", "./", "--dist-dir", out];
  await promisify(execFile)(bin, ["build", page, ...options], { cwd: site });
  return `parcel-${entry}.html`;
}

export async function esbuildBuild(site, entry, out) {
  addPage(out);
  await esbuild.build({
    absWorkingDir: site,
    entryPoints: [`page-${entry}.js`],
    outfile: join(out, "main.js"),
    bundle: true,
    minify: true,
    format: "esm",
    logLevel: "error",
  });
  return "index.html";
}

export async function esbuildDev(site, entry, out) {
  addPage(out);
  const context = await esbuild.context({
    absWorkingDir: site,
    entryPoints: [`page-${entry}.js`],
    outfile: join(out, "main.js"),
    bundle: true,
    format: "esm",
    logLevel: "error",
  });
  const { port } = await context.serve({ servedir: out, host: "127.0.0.1" });
  return { url: `http://127.0.0.1:${port}/index.html`, close: () => context.dispose() };
}

export async function rollupBuild(site, entry, out) {
  addPage(out);
  const bundle = await rollup({
    input: join(site, `page-${entry}.js`),
    plugins: [nodeResolve({ browser: true })],
    onwarn(warning) {
      throw new Error(warning.message);
    },
  });
  await bundle.write({ file: join(out, "main.js"), format: "es" });
  await bundle.close();
  return "index.html";
}

/**
 * A worker for workerd: one script, and the binaries that it imports beside it.
 * @returns the names of both
 */
export async function workerBuild(site, entry, out) {
  const { metafile } = await esbuild.build({
    absWorkingDir: site,
    entryPoints: [`worker-${entry}.js`],
    outdir: out,
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    loader: { ".wasm": "copy" },
    assetNames: "[name]",
    metafile: true,
    logLevel: "error",
  });
  const files = Object.keys(metafile.outputs).map((path) => path.replace(/^.*\//, ""));
  return { script: `worker-${entry}.js`, binaries: files.filter((name) => name.endsWith(".wasm")) };
}

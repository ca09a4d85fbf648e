import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { sampled } from "../support/campaign.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

function run(tool: string, ...args: readonly string[]) {
  return spawnSync(process.execPath, [`tools/${tool}.mjs`, ...args], {
    cwd: root,
    encoding: "utf8",
  });
}

describe("npm start", () => {
  const starts: [string, string[]][] = [
    ["replay.ilp32", []],
    ["replay.lp64", ["--abi=lp64"]],
    ["threads.ilp32", ["--workers"]],
  ];

  it.each(sampled(starts, 2))("builds %s alone and replays", (binary, options) => {
    const trace = "traces/threads/git-grep.rep.gz";
    const { status, stdout, stderr } = run("start", "--repeat", "1", ...options, trace);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(stdout.match(/^\S+\.wasm(?= )/gm)).toEqual([`${binary}.wasm`]);
    expect(stdout).toContain("git-grep");
  });

  it("ends as the replay does", () => {
    const { status, stderr } = run("start", "--nope");
    expect(stderr).toContain("--nope");
    expect(status).toBe(2);
  });
});

describe("npm run bench", () => {
  it("says what it can be asked, and builds nothing for that", () => {
    const { status, stdout, stderr } = run("bench", "--help");
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^ {2}replay +How fast does the allocator serve real programs\?$/m);
    expect(stdout).not.toContain(".wasm");
  });

  const refused = [
    ["--nope"],
    ["--only", "nothing"],
    ["--scale", "0"],
    ["--scale", "1x"],
    ["--scale", ""],
    ["more"],
  ];

  it.each(sampled(refused, 3))("refuses %s %s", (...args) => {
    const { status, stderr } = run("bench", ...args);
    expect(stderr).toMatch(/^error: /);
    expect(status).toBe(2);
  });
});

describe("the build", () => {
  it.each(["build-wasm", "build"])("%s refuses what it does not know, before it builds", (tool) => {
    const { status, stdout, stderr } = run(tool, "--nope");
    expect(stderr).toContain("unknown option '--nope'");
    expect(stdout).toBe("");
    expect(status).toBe(2);
  });

  it("says that it has a binary already, in one line", () => {
    run("build-wasm", "core.ilp32");
    const { stdout, stderr } = run("build-wasm", "core.ilp32");
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^core\.ilp32\.wasm +[\d,]+ bytes {2}cached\n$/);
    expect(run("build-wasm", "--quiet", "core.ilp32").stdout).toBe("");
  });
});

import { expect, it } from "vitest";
import { describeChromium } from "./chromium.js";

const PAGE = 4096;
const EOPNOTSUPP = 95;

/** What page/story.js sees with any kind of file, the lines of maps apart. */
const story = {
  seen: "aabbbbb\0\0",
  refused: [-1, EOPNOTSUPP],
  afterMsync: [[0, "1"]],
  // The "3" lies behind the file's end.
  afterMunmap: [
    [0, "1"],
    [PAGE + 4, "2"],
  ],
  afterClose: [
    [0, "1"],
    [PAGE, "4"],
    [PAGE + 4, "2"],
  ],
  left: "",
};

/** The private mapping's line, and the shared one's. */
function mapsOf(path: string): unknown {
  const line = (kind: string) => `rw-${kind} 00000000 00:f{4}[de] \\d+ +${path}\n`;
  return expect.stringMatching(new RegExp(`^(${line("p")}${line("s")}|${line("s")}${line("p")})$`));
}

describeChromium("files of a browser", (browser) => {
  it("a Blob is read in, and another one given back", async () => {
    expect(await browser.run("blob")).toEqual({
      read: [3, "789\0"],
      text: "012345678XYZ",
      type: "text/x-digits",
      given: "0123456789",
    });
  });

  it.each(["ilp32", "lp64"])("mappings of a Blob, %s", async (abi) => {
    expect(await browser.run("blobStory", abi)).toEqual({ ...story, maps: mapsOf("/chosen.bin") });
  });

  it.each(["ilp32", "lp64"])(
    "mappings of a file that is written back in the background, %s",
    async (abi) => {
      expect(await browser.run("handleStory", abi)).toEqual({
        ...story,
        maps: mapsOf(`/story.${abi}`),
      });
    },
  );

  it("what is written back is what was written, cut and extended", async () => {
    expect(await browser.run("writeBack")).toEqual({
      unchanged: true,
      size: 170_001,
      runs: [
        ["a", 100_000],
        ["X", 1],
        ["a", 49_999],
        ["\0", 20_000],
        ["Y", 1],
      ],
    });
  });

  it("flushing tells what went wrong", async () => {
    expect(await browser.run("lostFile")).toBe("NotFoundError");
  });

  it("there are no paths, and the error says what there is", async () => {
    expect(await browser.run("noPaths")).toEqual({
      message: expect.stringMatching(/cannot open "\/etc\/passwd": .* openBlob\(\)/) as unknown,
      fd: 3,
    });
  });

  it("a sync handle in a worker", async () => {
    expect(await browser.run("inWorker", "syncHandle")).toEqual({
      read: [3, "789\0", 0],
      written: "0123456789\0\0XY",
      size: 5,
      left: "01234",
      path: "/sync",
      isWritable: true,
    });
  });

  it.each(["ilp32", "lp64"])("mappings of a file with a sync handle, %s", async (abi) => {
    const expected = { ...story, maps: mapsOf("/opfs/\\d+"), kept: PAGE + 5 };
    expect(await browser.run("inWorker", "syncStory", abi)).toEqual(expected);
  });
});

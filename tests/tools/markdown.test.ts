import { describe, expect, it } from "vitest";
import { blocksOf, codeOf, linksOf, withTexts, zonesOf } from "../support/markdown.js";

const DOCUMENT = `# Title

## One \`b\`

<!-- try: node20 deno -->
<!-- file: a.js -->
\`\`\`js
a();

b();
\`\`\`

- in a list: [one](one.md#part), \`[no](link.md)\`

  \`\`\`\`text
  \`\`\`js
  not this
  \`\`\`
  \`\`\`\`

<!-- end -->

\`\`\`sh
\`\`\`

<!-- trying -->
![two](two.png)

[three]: https://example.org "Three"
`;

describe("a document", () => {
  it("has its headings, comments and blocks in order", () => {
    expect(blocksOf(DOCUMENT).map(({ kind, line }) => `${kind} ${line}`)).toEqual([
      "heading 1",
      "heading 3",
      "comment 5",
      "comment 6",
      "code 7",
      "code 15",
      "comment 21",
      "code 23",
      "comment 26",
    ]);
  });

  it("has blocks of code by language, each line with its end", () => {
    expect(codeOf(DOCUMENT, "js").map(({ content }) => content)).toEqual(["a();\n\nb();\n"]);
    expect(codeOf(DOCUMENT, "sh", "text").map(({ content }) => content)).toEqual([
      "```js\nnot this\n```\n",
      "",
    ]);
    expect(codeOf(DOCUMENT)).toHaveLength(3);
  });

  it("has links, but not in code", () => {
    expect(linksOf(DOCUMENT)).toEqual(["one.md#part", "two.png", "https://example.org"]);
  });

  it("has zones, by the first word of their marks", () => {
    const [zone, ...others] = zonesOf(DOCUMENT, "try");
    expect(others).toEqual([]);
    expect(zone).toMatchObject({ mark: "try: node20 deno", title: "One b" });
    expect(zone!.blocks).toHaveLength(3);
    expect(DOCUMENT.slice(zone!.begin, zone!.end)).toMatch(/^<!-- file[^]*````\n\n$/);
  });

  it("must end its zones", () => {
    expect(() => zonesOf(DOCUMENT, "trying")).toThrow("line 26: <!-- trying --> without an end");
  });
});

describe("other texts", () => {
  it("stand in their places, in whatever order they come", () => {
    const changes = [
      { begin: 4, end: 5, text: "LONGER" },
      { begin: 0, end: 1, text: "" },
      { begin: 2, end: 2, text: "+" },
    ];
    expect(withTexts("abcdef", changes)).toBe("b+cdLONGERf");
  });
});

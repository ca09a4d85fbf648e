// A text built of words, taken apart, counted and put together again.

import { random, seed } from "./random";

function word(): string {
  let result = "";
  for (let left = 1 + random(4); left > 0; left--) result += random(26 * 26).toString(26);
  return result;
}

/**
 * `rounds` texts of 2,000 words out of 700 or so. What was counted, and how long the results were.
 */
export function words(rounds: i32): i32 {
  seed(7);
  const known: string[] = [];
  for (let i = 0; i < 700; i++) known.push(word());
  let sum = 0;
  for (let round = 0; round < rounds; round++) {
    let line = "";
    const lines: string[] = [];
    for (let i = 0; i < 2000; i++) {
      line += known[random(known.length)] + " ";
      if (i % 25 == 24) {
        lines.push(line.trim());
        line = "";
      }
    }
    const counts = new Map<string, i32>();
    for (let i = 0; i < lines.length; i++) {
      const parts = lines[i].toUpperCase().replaceAll("A", "ae").split(" ");
      for (let p = 0; p < parts.length; p++)
        counts.set(parts[p], counts.has(parts[p]) ? counts.get(parts[p]) + 1 : 1);
    }
    const report = counts
      .keys()
      .map<string>((key) => key.padEnd(12, "."))
      .sort()
      .join("\n");
    sum += report.length + counts.size + lines.join("\n").length;
  }
  return sum;
}

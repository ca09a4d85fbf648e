// Sizes and lifetimes: histograms over all blocks, or over those that live now.

import { useSignal } from "@preact/signals";
import { formatCount } from "../model/format.js";
import { NONE, type Moment, type Survey } from "../model/types.js";
import { setFilter } from "../state/actions.js";
import { moment, opened } from "../state/store.js";
import { isInUse } from "../model/states.js";

/** Blocks from `least` up to, not including, `end`. */
interface Bar {
  readonly least: number;
  readonly end: number;
  readonly count: number;
}

/** Counts numbers by powers of two. */
export function barsOf(values: Iterable<number>): Bar[] {
  const counts = new Map<number, number>();
  for (const value of values) {
    const power = value < 1 ? 0 : 1 + Math.floor(Math.log2(value));
    counts.set(power, (counts.get(power) ?? 0) + 1);
  }
  const powers = [...counts.keys()];
  if (powers.length === 0) return [];
  const [first, last] = [Math.min(...powers), Math.max(...powers)];
  return Array.from({ length: last - first + 1 }, (_, i) => {
    const power = first + i;
    const least = power === 0 ? 0 : 2 ** (power - 1);
    return { least, end: power === 0 ? 1 : 2 ** power, count: counts.get(power) ?? 0 };
  });
}

interface BarsProps {
  readonly title: string;
  readonly unit: string;
  readonly bars: readonly Bar[];
  readonly choose: (bar: Bar) => void;
}

/** A histogram: a table whose cells are bars. */
function Bars({ title, unit, bars, choose }: BarsProps) {
  const most = bars.reduce((a, { count }) => Math.max(a, count), 1);
  return (
    <section class="scroll" tabIndex={0} role="region" aria-label={title}>
      <table class="bars">
        <caption>{title}; a row filters the map</caption>
        <thead>
          <tr>
            <th scope="col">{unit}</th>
            <th scope="col">blocks</th>
            <th scope="col">share</th>
          </tr>
        </thead>
        <tbody>
          {bars.map((bar) => (
            <tr key={bar.least}>
              <th scope="row">
                <button type="button" class="address" onClick={() => choose(bar)}>
                  {formatCount(bar.least)}
                  {bar.end - 1 > bar.least && ` to ${formatCount(bar.end - 1)}`}
                </button>
              </th>
              <td>{formatCount(bar.count)}</td>
              <td class="bar">
                <span style={{ width: `${(bar.count / most) * 100}%` }} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** The operations that made blocks: all, or those whose blocks live now. */
function makers(survey: Survey, now: Moment | undefined): number[] {
  const found: number[] = [];
  if (now !== undefined) {
    const { chunks } = now;
    for (let i = 0; i < chunks.count; i++)
      if (isInUse(chunks.state[i]!) && chunks.birth[i] !== NONE) found.push(chunks.birth[i]!);
    return found;
  }
  for (let i = 0; i < survey.count; i++) if (survey.chunk[i]! > 0) found.push(i);
  return found;
}

/** The view. */
export function SizesView() {
  const isNow = useSignal(false);
  const what = opened.value;
  if (what === undefined) return null;
  const { survey } = what;
  const all = makers(survey, isNow.value ? moment.value : undefined);
  const ended = all.filter((i) => survey.death[i]! < survey.count);
  return (
    <div>
      <p class="tools">
        <label>
          <input
            type="checkbox"
            checked={isNow.value}
            onChange={(event) => (isNow.value = event.currentTarget.checked)}
          />{" "}
          only blocks that live now
        </label>
        <span class="note">
          {formatCount(all.length)} blocks, {formatCount(all.length - ended.length)} of them never
          freed
        </span>
      </p>
      <div class="two">
        <Bars
          title="Sizes asked for"
          unit="bytes"
          bars={barsOf(all.map((i) => survey.bytes[i]!))}
          choose={({ least, end }) => setFilter({ least, most: end + 15 })}
        />
        <Bars
          title="Lifetimes of blocks that were freed"
          unit="operations"
          bars={barsOf(ended.map((i) => survey.death[i]! - i))}
          choose={({ least, end }) => setFilter({ livesLeast: least, livesMost: end - 1 })}
        />
      </div>
    </div>
  );
}

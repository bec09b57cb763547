import { bin, max, range, tickStep } from "d3-array";

import { formatDuration } from "@/lib/format";

interface Bin {
  from: number;
  to: number;
  count: number;
  /** The last bin, which also counts all values above `to`. */
  open: boolean;
}

export interface Histogram {
  bins: Bin[];
  highest: number;
  /** Number of values. */
  n: number;
}

/** Bins to aim at, by the number of values; the round width makes them up to 1.5 times as many. */
const MIN_BINS = 8;
const MAX_BINS = 30;
/** So that a few slow calls do not squeeze all others into one bar, values beyond this quantile share the last one. */
const TAIL = 0.99;

/**
 * Bins of equal, round width for values in milliseconds; nulls are left out.
 *
 * The values beyond the 99th percentile are in the last bin when they would take more than a third of the axis.
 */
export function prepareHistogram(values: readonly (number | null)[]): Histogram {
  const sorted = values.filter((value): value is number => value !== null && Number.isFinite(value)).sort((a, b) => a - b);
  const first = sorted[0];
  const last = sorted.at(-1);
  if (first === undefined || last === undefined) return { bins: [], highest: 0, n: 0 };
  // Not interpolated: with few values, that would lie between the bulk and the slowest.
  const tail = sorted[Math.ceil(sorted.length * TAIL) - 1] ?? last;
  const top = last - first > (tail - first) * 1.5 && tail > first ? tail : last;
  const span = Math.max(top - first, first * 0.02, 1e-3);
  const width = tickStep(0, span, Math.min(MAX_BINS, Math.max(MIN_BINS, Math.ceil(2 * Math.sqrt(sorted.length)))));
  const edges = range(Math.floor(first / width), Math.floor(top / width) + 2).map((index) => index * width);
  const [start = first, end = top] = [edges[0], edges.at(-1)];
  const binned = bin().domain([start, end]).thresholds(edges.slice(1, -1));
  const bins = binned(sorted.map((value) => Math.min(Math.max(value, start), top))).map((inside, index, all) => ({
    from: inside.x0 ?? start,
    to: inside.x1 ?? end,
    count: inside.length,
    open: index === all.length - 1 && last >= end,
  }));
  return { bins, highest: max(bins, ({ count }) => count) ?? 0, n: sorted.length };
}

/** "40 ms to 42 ms: 12 runs". */
export function describeBin(bin: Bin): string {
  const range = bin.open ? `${formatDuration(bin.from)} and more` : `${formatDuration(bin.from)} to ${formatDuration(bin.to)}`;
  return `${range}: ${bin.count} ${bin.count === 1 ? "run" : "runs"}`;
}

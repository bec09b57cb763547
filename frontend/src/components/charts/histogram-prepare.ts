import { formatDuration } from "@/lib/format";

export interface Bin {
  from: number;
  to: number;
  count: number;
  /** Holds also all beyond `to`. */
  open: boolean;
}

export interface Histogram {
  bins: Bin[];
  highest: number;
  /** Values in all. */
  n: number;
}

const MAX_BINS = 40;
/** A few slow calls must not squeeze all others into one bar: beyond this quantile they share the last one. */
const TAIL = 0.99;

/** The width of 1, 2, 2.5 or 5 times a power of ten that gives at most `most` bins. */
export function niceWidth(span: number, most: number): number {
  const raw = span / most;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].find((s) => s * power >= raw * (1 - 1e-9)) ?? 10;
  return step * power;
}

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
  const tail = sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * TAIL) - 1)] ?? last;
  const cut = last - first > (tail - first) * 1.5 && tail > first;
  const top = cut ? tail : last;
  const width = niceWidth(Math.max(top - first, first * 0.02, 1e-3), Math.min(MAX_BINS, Math.max(8, Math.ceil(2 * Math.sqrt(sorted.length)))));
  const start = Math.floor(first / width);
  const count = Math.floor(top / width) - start + 1;
  const bins = Array.from({ length: count }, (_, index) => ({
    from: (start + index) * width,
    to: (start + index + 1) * width,
    count: 0,
    open: false,
  }));
  for (const value of sorted) {
    const bin = bins[Math.min(count - 1, Math.max(0, Math.floor(value / width) - start))];
    if (bin) bin.count++;
  }
  const end = bins.at(-1);
  if (end && last >= end.to) end.open = true;
  return { bins, highest: Math.max(...bins.map((bin) => bin.count)), n: sorted.length };
}

/** "40 ms to 42 ms: 12 runs". */
export function describeBin(bin: Bin): string {
  const range = bin.open ? `${formatDuration(bin.from)} and more` : `${formatDuration(bin.from)} to ${formatDuration(bin.to)}`;
  return `${range}: ${bin.count} ${bin.count === 1 ? "run" : "runs"}`;
}

import { describeParts, type StagePart, stageParts, totalOf } from "@/components/run/stages-prepare";
import type { Schemas } from "@/lib/api/client";
import { formatDuration, formatP } from "@/lib/format";

import { letterOf, type Tone } from "./prepare";

type Comparison = Schemas["ComparisonOut"];
type ByStage = Schemas["StageComparisonOut"];

interface StageBar {
  id: string;
  letter: string;
  name: string;
  /** Nothing if no answer was made, or nothing was measured. */
  parts: StagePart[];
  total: number;
  label: string;
  /** Why there is no bar, if there is none. */
  why: string;
}

export interface StageCell {
  text: string;
  difference: string;
  interval: string;
  tone: Tone;
}

interface StageRow {
  name: string;
  label: string;
  waits: boolean;
  cells: StageCell[];
}

/** A bar for each experiment, its length the mean time that a question takes by itself. */
export function prepareStageBars({ experiments }: Comparison): StageBar[] {
  return experiments.map(({ experiment_id, label, metrics }, index) => {
    const parts = metrics.stages ? stageParts(metrics.stages) : [];
    return { id: experiment_id, letter: letterOf(index), name: label, parts, total: totalOf(parts), label: `${label}: ${describeParts(parts)}`, why: metrics.cached_stages ? "from cache" : "not measured" };
  });
}

/** Milliseconds below the clock's resolution. */
const NOTHING = 0.0005;
const NO_DIFFERENCE = "±0 ms";

/** A difference of milliseconds with its sign: `+12 ms`, `−1.2 s`. */
export function formatDifference(ms: number): string {
  if (Math.abs(ms) < NOTHING) return NO_DIFFERENCE;
  return `${ms > 0 ? "+" : "−"}${formatDuration(Math.abs(ms))}`;
}

/** `[+1 ms, +5 ms]`; where 0 is not in it, though an end is shown as it, that end has a parenthesis. */
export function formatDifferenceInterval(low: number, high: number): string {
  const [from, to] = [formatDifference(low), formatDifference(high)];
  const opening = low > 0 && from === NO_DIFFERENCE ? "(" : "[";
  const closing = high < 0 && to === NO_DIFFERENCE ? ")" : "]";
  return `${opening}${from}, ${to}${closing}`;
}

/** The table of all stages, with the differences from the baseline on the same questions. */
export function prepareStageTable({ experiments }: Comparison, { stages, differences }: ByStage): StageRow[] {
  return stages.map(({ name, label, waits }) => {
    const rows = differences.filter(({ stage }) => stage === name);
    const cells = experiments.map(({ experiment_id }, index): StageCell => {
      const row = rows.find((one) => one.experiment_id === experiment_id);
      if (index === 0) return { text: formatDuration(rows[0]?.baseline_ms), difference: "", interval: "", tone: "none" };
      if (!row) return { text: formatDuration(null), difference: "", interval: "", tone: "none" };
      return {
        text: formatDuration(row.this_ms),
        difference: formatDifference(row.difference_ms),
        interval: `${formatDifferenceInterval(row.simultaneous_low, row.simultaneous_high)}, ${formatP(row.adjusted_p)}`,
        tone: row.outcome,
      };
    });
    return { name, label, waits, cells };
  });
}

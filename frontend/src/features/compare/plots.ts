import type { ForestPlotRow } from "@/components/charts/forest-plot";
import type { FrontPoint } from "@/components/charts/front-plot";
import type { Schemas } from "@/lib/api/client";
import { type Expense, expenses } from "@/lib/metrics";

import { letterOf } from "./prepare";

type Comparison = Schemas["ComparisonOut"];

/** The differences of one score from the baseline, in the order of the experiments; those without a test are left out. */
export function prepareForest({ experiments, differences }: Comparison, score: string): ForestPlotRow[] {
  return experiments.slice(1).flatMap(({ experiment_id, label: name }, index) => {
    const found = differences.find((one) => one.experiment_id === experiment_id && one.score === score);
    if (!found?.statistics || found.difference === null) return [];
    const { low, high, simultaneous_low, simultaneous_high, family, outcome } = found.statistics;
    // A single comparison has one interval: the one that agrees with its test.
    const plain = family > 1 ? { low, high } : null;
    return [{ letter: letterOf(index + 1), name, difference: found.difference, low: simultaneous_low, high: simultaneous_high, plain, outcome }];
  });
}

/** The x domain of a forest plot: 0 and all intervals, with a margin. */
export function forestDomain(rows: ForestPlotRow[]): [number, number] {
  const low = Math.min(0, ...rows.map((row) => row.low));
  const high = Math.max(0, ...rows.map((row) => row.high));
  const margin = Math.max(0.01, (high - low) * 0.06);
  return [low - margin, high + margin];
}

/** Whether all experiments have the same questions; only then can their means be drawn beside each other. */
export function sameQuestions({ unpaired }: Comparison): boolean {
  return unpaired.every(({ n_changed, n_only_this, n_only_baseline }) => n_changed + n_only_this + n_only_baseline === 0);
}

/** Score against latency or cost, with the Pareto front; experiments without either are left out. */
export function prepareFront({ experiments }: Comparison, score: string, expense: Expense): FrontPoint[] {
  const points = experiments.flatMap(({ label: name, metrics }, index) => {
    const value = metrics.scores[score];
    const x = expenses[expense].of(metrics);
    return value && x !== null ? [{ letter: letterOf(index), name, x, score: value.value, low: value.low, high: value.high }] : [];
  });
  const beats = (one: (typeof points)[number], other: (typeof points)[number]) =>
    one.score >= other.score && one.x <= other.x && (one.score > other.score || one.x < other.x);
  return points.map((point) => ({ ...point, front: !points.some((other) => beats(other, point)) }));
}

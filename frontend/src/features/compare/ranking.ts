import type { Schemas } from "@/lib/api/client";
import { formatCost, formatCount, formatInterval, formatP, formatPercent, formatPointInterval, formatPoints } from "@/lib/format";
import { expenses, formatQuantity } from "@/lib/metrics";

import { letterOf, type Tone } from "./prepare";

type Comparison = Schemas["ComparisonOut"];

export interface RankedRow {
  id: string;
  letter: string;
  name: string;
  baseline: boolean;
  /** The best, or not distinguishable from it. */
  best: boolean;
  score: { text: string; interval: string; n: string } | null;
  /** `72.5 % against 47.5 % of 40`: the means on the paired questions, where these are not all questions; else empty. */
  paired: string;
  /** From the baseline, in points; empty for the baseline, and why there is none where there is no test. */
  difference: string;
  interval: string;
  p: string;
  tone: Tone;
  latency: string;
  cost: string;
}

/** The experiments by one score, the highest first; those without it come last. */
export function prepareRanking({ experiments, differences, tied_for_best }: Comparison, score: string): RankedRow[] {
  const tied = tied_for_best[score] ?? [];
  const first = experiments[0]?.metrics.scores[score];
  const rows = experiments.map(({ experiment_id, label, metrics }, index) => {
    const own = metrics.scores[score];
    const found = differences.find((one) => one.experiment_id === experiment_id && one.score === score);
    const { statistics } = found ?? {};
    const partly = found && found.this !== null && (found.n_paired < (own?.n ?? 0) || found.n_paired < (first?.n ?? 0));
    const row: RankedRow = {
      id: experiment_id,
      letter: letterOf(index),
      name: label,
      baseline: index === 0,
      best: experiments.length > 2 && tied.includes(experiment_id),
      score: own ? { text: formatPercent(own.value), interval: formatInterval(own.low, own.high), n: formatCount(own.n) } : null,
      paired: partly ? `${formatPercent(found.this)} against ${formatPercent(found.baseline)} on the ${formatCount(found.n_paired)} shared` : "",
      difference: statistics ? formatPoints(found?.difference) : (found?.message ?? ""),
      interval: statistics ? formatPointInterval(statistics.simultaneous_low, statistics.simultaneous_high) : "",
      p: statistics ? formatP(statistics.adjusted_p) : "",
      tone: statistics ? statistics.outcome : "none",
      latency: formatQuantity(expenses.latency.of(metrics), "ms"),
      cost: formatCost(expenses.cost.of(metrics)),
    };
    return { row, value: own?.value ?? -1 };
  });
  return rows.sort((a, b) => b.value - a.value || a.row.letter.localeCompare(b.row.letter)).map(({ row }) => row);
}

/** The experiments that share questions with the baseline, and the baseline itself. */
export function pairedWithBaseline({ baseline_id, differences }: Pick<Comparison, "baseline_id" | "differences">): ReadonlySet<string> {
  return new Set([baseline_id, ...differences.filter(({ n_paired }) => n_paired > 0).map(({ experiment_id }) => experiment_id)]);
}

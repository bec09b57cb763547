import type { Schemas } from "@/lib/api/client";
import { formatCost, formatCount, formatDuration, formatInterval, formatName, formatNumber, formatPercent, formatPoints } from "@/lib/format";

type Compared = Schemas["Compared"];
type Difference = Schemas["ScoreDifference"];

export type Tone = "better" | "worse" | "same" | "none";

export interface Cell {
  text: string;
  note: string;
  /** Against the baseline; empty for the baseline itself and where nothing can be said. */
  difference: string;
  tone: Tone;
}

export interface MetricRow {
  name: string;
  /** What the difference is measured in, or on what it rests. */
  basis: string;
  cells: Cell[];
}

const ORDER = ["exact_match", "contains", "f1"];

function toneOf(difference: number | null | undefined, higherIsBetter: boolean): Tone {
  if (difference === null || difference === undefined) return "none";
  if (difference === 0) return "same";
  return difference > 0 === higherIsBetter ? "better" : "worse";
}

/** `×1.25` or `×0.8` against the baseline; empty when either is unknown or the baseline is 0. */
export function formatRatio(value: number | null | undefined, baseline: number | null | undefined): string {
  if (value == null || baseline == null || baseline === 0) return "";
  return `×${formatNumber(value / baseline)}`;
}

function scoreNames(experiments: Compared[]): string[] {
  const names = new Set(experiments.flatMap(({ metrics }) => Object.keys(metrics.scores)));
  const rank = (name: string) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  return [...names].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}

function scoreRow(name: string, experiments: Compared[], differences: Difference[]): MetricRow {
  const of = (id: string) => differences.find((one) => one.experiment_id === id && one.score === name);
  const paired = [...new Set(experiments.slice(1).map(({ experiment_id }) => of(experiment_id)?.n_paired ?? 0))];
  return {
    name: formatName(name),
    basis: `points, on ${paired.map(formatCount).join(" / ")} questions answered by both`,
    cells: experiments.map(({ experiment_id, metrics }, index) => {
      const score = metrics.scores[name];
      const difference = index === 0 ? undefined : of(experiment_id)?.difference;
      return {
        text: formatPercent(score?.value),
        note: score ? `${formatInterval(score.low, score.high)}, n = ${formatCount(score.n)}` : "not scored",
        difference: difference == null ? "" : formatPoints(difference),
        tone: index === 0 ? "none" : toneOf(difference, true),
      };
    }),
  };
}

interface Quantity {
  name: string;
  basis: string;
  of: (metrics: Schemas["Metrics"]) => number | null;
  format: (value: number | null) => string;
  higherIsBetter: boolean;
}

const quantities: Quantity[] = [
  { name: "Latency p50", basis: "ratio", of: (m) => m.latency_ms.p50, format: formatDuration, higherIsBetter: false },
  { name: "Latency p95", basis: "ratio", of: (m) => m.latency_ms.p95, format: formatDuration, higherIsBetter: false },
  {
    name: "Tokens a run",
    basis: "ratio",
    of: ({ tokens, counts }) =>
      tokens.prompt === null || counts.ok === 0 ? null : (tokens.prompt + (tokens.completion ?? 0)) / counts.ok,
    format: formatNumber,
    higherIsBetter: false,
  },
  { name: "Cost per 1,000 runs", basis: "ratio", of: (m) => m.cost_usd.per_1000_runs, format: formatCost, higherIsBetter: false },
  { name: "Throughput, answers a second", basis: "ratio", of: (m) => m.throughput_per_s, format: formatNumber, higherIsBetter: true },
  { name: "Failed runs", basis: "count", of: (m) => m.counts.failed, format: formatCount, higherIsBetter: false },
];

function quantityRow({ name, basis, of, format, higherIsBetter }: Quantity, experiments: Compared[]): MetricRow {
  const baseline = experiments[0] ? of(experiments[0].metrics) : null;
  return {
    name,
    basis,
    cells: experiments.map(({ metrics }, index) => {
      const value = of(metrics);
      const known = index > 0 && value !== null && baseline !== null;
      const difference = known ? value - baseline : null;
      const counted = difference === null ? "" : `${difference > 0 ? "+" : difference < 0 ? "−" : "±"}${formatCount(Math.abs(difference))}`;
      return {
        text: format(value),
        note: "",
        difference: basis === "count" ? counted : known ? formatRatio(value, baseline) : "",
        tone: toneOf(difference, higherIsBetter),
      };
    }),
  };
}

/** The table of metrics: a row a metric, a cell an experiment; the first experiment is the baseline. */
export function prepareMetrics({ experiments, differences }: Schemas["ComparisonOut"]): MetricRow[] {
  return [
    ...scoreNames(experiments).map((name) => scoreRow(name, experiments, differences)),
    ...quantities.map((quantity) => quantityRow(quantity, experiments)),
  ];
}

/** The letters by which experiments go on this page: A for the baseline, then B, C, … */
export function letterOf(index: number): string {
  return String.fromCharCode(65 + index);
}

export type Outcome = "both" | "only_first" | "only_second" | "neither";

export interface OutcomeCell {
  outcome: Outcome;
  label: string;
  count: number;
}

/** The four outcomes of a pair under a score of right and wrong; none for graded scores. */
export function prepareOutcomes(difference: Difference | undefined, first: string, second: string): OutcomeCell[] {
  if (!difference || difference.both === null) return [];
  return [
    { outcome: "both", label: "Both right", count: difference.both },
    { outcome: "only_first", label: `Only ${first} right`, count: difference.only_baseline ?? 0 },
    { outcome: "only_second", label: `Only ${second} right`, count: difference.only_this ?? 0 },
    { outcome: "neither", label: "Both wrong", count: difference.neither ?? 0 },
  ];
}

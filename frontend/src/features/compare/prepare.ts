import type { Schemas } from "@/lib/api/client";
import {
  formatCount,
  formatInterval,
  formatP,
  formatPercent,
  formatPointInterval,
  formatPoints,
  formatRatio,
  formatRatioInterval,
} from "@/lib/format";
import { comparedFigures, type Figure, formatFigure, formatQuantity, pairedQuantities, type ScoreNames, scoreNamesOf } from "@/lib/metrics";

type Compared = Schemas["Compared"];
type Difference = Schemas["ScoreDifference"];
type Comparison = Schemas["ComparisonOut"];

/** `not_distinguishable`: the values differ, but not significantly. */
export type Tone = "better" | "worse" | "same" | "not_distinguishable" | "none";

export interface Cell {
  text: string;
  note: string;
  /** From the baseline; empty for the baseline itself and where it is unknown. */
  difference: string;
  /** The simultaneous interval of the difference, and p where there is a test. */
  interval: string;
  tone: Tone;
}

interface MetricRow {
  name: string;
  /** The unit of the difference, and the questions it is computed on. */
  basis: string;
  cells: Cell[];
}

function toneOf(difference: number | null, better: Figure["better"]): Tone {
  if (difference === null || better === null) return "none";
  if (difference === 0) return "same";
  return difference > 0 === (better === "higher") ? "better" : "worse";
}

function signedCount(difference: number | null): string {
  if (difference === null) return "";
  return `${difference > 0 ? "+" : difference < 0 ? "−" : "±"}${formatCount(Math.abs(difference))}`;
}

/** Order and labels of the experiments' scores. */
export function describeScores(experiments: Compared[]): ScoreNames {
  return scoreNamesOf(experiments.flatMap(({ metrics }) => metrics.figures.filter(({ name }) => name in metrics.scores)));
}

/** The names of all scores of the experiments, in display order. */
export function scoreNames(experiments: Compared[]): string[] {
  return describeScores(experiments).inOrder(new Set(experiments.flatMap(({ metrics }) => Object.keys(metrics.scores))));
}

function scoreRow(name: string, experiments: Compared[], differences: Difference[]): MetricRow {
  const of = (id: string) => differences.find((one) => one.experiment_id === id && one.score === name);
  const paired = [...new Set(experiments.slice(1).map(({ experiment_id }) => of(experiment_id)?.n_questions ?? 0))];
  return {
    name: describeScores(experiments).labelOf(name),
    basis: `percentage points, on ${paired.map(formatCount).join(" / ")} questions answered by both`,
    cells: experiments.map(({ experiment_id, metrics }, index) => {
      const score = metrics.scores[name];
      const found = index === 0 ? undefined : of(experiment_id);
      const { statistics } = found ?? {};
      // Questions that the other did not answer are no part of the difference.
      const own = found?.this != null && score && found.n_paired !== score.n ? `; ${formatPercent(found.this)} on the pairs` : "";
      return {
        text: formatPercent(score?.value),
        note: score ? `${formatInterval(score.low, score.high)}, n = ${formatCount(score.n)}${own}` : "not scored",
        difference: found?.difference == null ? "" : formatPoints(found.difference),
        interval: statistics ? `${formatPointInterval(statistics.simultaneous_low, statistics.simultaneous_high)}, ${formatP(statistics.adjusted_p)}` : "",
        tone: statistics ? statistics.outcome : "none",
      };
    }),
  };
}

type PairedName = keyof typeof pairedQuantities;

/** Latency, tokens or cost per run on the questions that both answered, as a ratio with its interval. */
function pairedRow(name: PairedName, { experiments, amounts }: Comparison): MetricRow {
  const { label, unit } = pairedQuantities[name];
  const rows = amounts.filter(({ quantity }) => quantity === name);
  return {
    name: label,
    basis: "ratio, on the same questions",
    cells: experiments.map(({ experiment_id }, index) => {
      const row = rows.find((one) => one.experiment_id === experiment_id);
      const told = index > 0 && row?.ratio != null;
      return {
        text: formatQuantity(index === 0 ? rows[0]?.baseline : row?.this, unit),
        note: "",
        difference: told ? formatRatio(row.ratio) : "",
        interval: told ? `${formatRatioInterval(row.simultaneous_ratio_low, row.simultaneous_ratio_high)}, ${formatP(row.adjusted_p)}` : "",
        tone: told ? row.outcome : "none",
      };
    }),
  };
}

function untestedRow(described: Figure, experiments: Compared[]): MetricRow {
  const valueOf = ({ metrics }: Compared) => metrics.figures.find(({ name }) => name === described.name)?.value ?? null;
  const baseline = experiments[0] ? valueOf(experiments[0]) : null;
  const counted = described.format === "count";
  return {
    name: described.label,
    basis: counted ? "count" : "ratio, no test",
    cells: experiments.map((experiment, index) => {
      const value = valueOf(experiment);
      const known = index > 0 && value !== null && baseline !== null;
      const difference = known ? value - baseline : null;
      return {
        text: formatFigure(value, described),
        note: "",
        difference: counted ? signedCount(difference) : known && baseline !== 0 ? formatRatio(value / baseline) : "",
        interval: "",
        // A colour means a significant difference, which takes a test; counts are compared as they are.
        tone: counted ? toneOf(difference, described.better) : "none",
      };
    }),
  };
}

/** The table of metrics: one row per metric, one cell per experiment; the first experiment is the baseline. */
export function prepareMetrics(comparison: Comparison): MetricRow[] {
  const { experiments, differences } = comparison;
  return [
    ...scoreNames(experiments).map((name) => scoreRow(name, experiments, differences)),
    ...(Object.keys(pairedQuantities) as PairedName[]).map((name) => pairedRow(name, comparison)),
    ...comparedFigures(experiments.map(({ metrics }) => metrics)).map((figure) => untestedRow(figure, experiments)),
  ];
}

/** The letter of an experiment on this page: A for the baseline, then B, C, … */
export function letterOf(index: number): string {
  return String.fromCharCode(65 + index);
}

export type Outcome = "both" | "only_first" | "only_second" | "neither";

export interface OutcomeCell {
  outcome: Outcome;
  label: string;
  count: number;
}

/** The four outcomes of a pair by a binary score; none for graded scores. */
export function prepareOutcomes(difference: Difference | undefined, first: string, second: string): OutcomeCell[] {
  if (!difference || difference.both === null) return [];
  return [
    { outcome: "both", label: "Both right", count: difference.both },
    { outcome: "only_first", label: `Only ${first} right`, count: difference.only_baseline ?? 0 },
    { outcome: "only_second", label: `Only ${second} right`, count: difference.only_this ?? 0 },
    { outcome: "neither", label: "Both wrong", count: difference.neither ?? 0 },
  ];
}

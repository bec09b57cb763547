/**
 * What the dashboard knows of scores and metrics by name: label, unit, group, which direction is better.
 *
 * The only module that lists their names. Cards, tables, filters and plots draw what they find here, so
 * that descriptions sent by the API can take the place of these tables.
 */

import type { Schemas } from "./api/client";
import { formatCost, formatCount, formatDuration, formatName, formatNumber } from "./format";

type Metrics = Schemas["Metrics"];
type Estimate = Schemas["Estimate"];

export type ScoreGroup = "answer" | "retrieval" | "faithfulness";

export interface ScoreDescription {
  name: string;
  label: string;
  group: ScoreGroup;
  /** What the label alone does not say. */
  note: string;
}

const groupLabels: Record<ScoreGroup, string> = { answer: "Answers", retrieval: "Retrieval", faithfulness: "Faithfulness" };
const groups = Object.keys(groupLabels) as ScoreGroup[];

const score = (name: string, group: ScoreGroup, label = formatName(name), note = ""): ScoreDescription => ({ name, label, group, note });

/** In the order in which they are shown. */
const scores: readonly ScoreDescription[] = [
  score("exact_match", "answer"),
  score("contains", "answer"),
  score("f1", "answer"),
  score("answer_in_context", "retrieval"),
  score("hit_at_k", "retrieval", "Hit@k"),
  score("all_at_k", "retrieval", "All gold@k"),
  score("recall_at_k", "retrieval", "Recall@k"),
  score("mrr", "retrieval", "MRR"),
  score("ndcg_at_10", "retrieval", "nDCG@10"),
  score("faithful", "faithfulness", "Faithful", "Share of judged answers with faithfulness of at least 0.5."),
  score("faithfulness", "faithfulness"),
  score("hallucination_rate", "faithfulness", "Hallucination rate", "Share of judged answers with faithfulness below 0.5."),
];

/** The score that decides whether a run counts as right, and that lists of experiments show. */
export const PRIMARY_SCORE = "exact_match";

/** The description of a score; one that is not listed is about the answer, and its name is its label. */
export function describeScore(name: string): ScoreDescription {
  return scores.find((one) => one.name === name) ?? score(name, "answer");
}

/** Orders names of scores: by group, then as listed, then by name. */
export function compareScores(a: string, b: string): number {
  const placeOf = (name: string) => {
    const at = scores.findIndex((one) => one.name === name);
    return at < 0 ? scores.length : at;
  };
  const byGroup = groups.indexOf(describeScore(a).group) - groups.indexOf(describeScore(b).group);
  return byGroup || placeOf(a) - placeOf(b) || a.localeCompare(b);
}

/** The entries of a record by score, in the order in which scores are shown. */
export function orderScores<T>(values: Record<string, T>): [string, T][] {
  return Object.entries(values).sort(([a], [b]) => compareScores(a, b));
}

/** An estimate with its description; `unscored` and `if_failed_were_wrong` exist for scores only. */
export type ScoreCard = Estimate & Partial<Pick<Schemas["ScoreStatistics"], "unscored" | "if_failed_were_wrong">> & { description: ScoreDescription };

export interface ScoreCardGroup {
  group: ScoreGroup;
  label: string;
  cards: ScoreCard[];
}

/** All estimates of an experiment that are shares or scores, by group; groups without any are left out. */
export function scoreCards({ scores: found, hallucination_rate }: Pick<Metrics, "scores" | "hallucination_rate">): ScoreCardGroup[] {
  const estimates: Record<string, Omit<ScoreCard, "description">> = hallucination_rate === null ? found : { ...found, hallucination_rate };
  const cards = orderScores(estimates).map(([name, estimate]) => ({ ...estimate, description: describeScore(name) }));
  return groups
    .map((group) => ({ group, label: groupLabels[group], cards: cards.filter(({ description }) => description.group === group) }))
    .filter((one) => one.cards.length > 0);
}

export type Unit = "ms" | "s" | "usd" | "tokens" | "count" | "per_s";

/** A value with its unit. */
export function formatQuantity(value: number | null | undefined, unit: Unit): string {
  switch (unit) {
    case "ms":
      return formatDuration(value);
    case "s":
      return formatDuration(value == null ? value : value * 1000);
    case "usd":
      return formatCost(value);
    case "tokens":
      return formatNumber(value);
    case "count":
      return formatCount(value);
    case "per_s":
      return value == null ? formatNumber(value) : `${formatNumber(value)} / s`;
  }
}

export interface Quantity {
  label: string;
  unit: Unit;
  better: "higher" | "lower";
  of: (metrics: Metrics) => number | null;
  /** The line below the value of a card. */
  note: (metrics: Metrics) => string;
}

export const quantities = {
  latency_p50: {
    label: "Latency p50",
    unit: "ms",
    better: "lower",
    of: ({ latency_ms }) => latency_ms.p50,
    note: ({ latency_ms }) => `p99 ${formatDuration(latency_ms.p99)}`,
  },
  latency_p95: {
    label: "Latency p95",
    unit: "ms",
    better: "lower",
    of: ({ latency_ms }) => latency_ms.p95,
    note: ({ latency_ms }) => `n = ${formatCount(latency_ms.n)} uncached`,
  },
  throughput: {
    label: "Throughput",
    unit: "per_s",
    better: "higher",
    of: ({ throughput_per_s }) => throughput_per_s,
    note: ({ wall_s }) => `wall time ${formatQuantity(wall_s, "s")}`,
  },
  tokens: {
    label: "Tokens",
    unit: "count",
    better: "lower",
    of: ({ tokens }) => (tokens.prompt ?? 0) + (tokens.completion ?? 0),
    note: ({ tokens }) => `${formatCount(tokens.prompt)} in, ${formatCount(tokens.completion)} out`,
  },
  cost: {
    label: "Cost",
    unit: "usd",
    better: "lower",
    of: ({ cost_usd }) => cost_usd.total,
    note: ({ cost_usd }) => (cost_usd.per_1000_runs === null ? "price unknown" : `${formatCost(cost_usd.per_1000_runs)} per 1,000 runs`),
  },
  cost_per_1000_runs: {
    label: "Cost per 1,000 runs",
    unit: "usd",
    better: "lower",
    of: ({ cost_usd }) => cost_usd.per_1000_runs,
    note: () => "",
  },
  failed: { label: "Failed runs", unit: "count", better: "lower", of: ({ counts }) => counts.failed, note: ({ counts }) => describeFailures(counts) },
  gpu_time: {
    label: "GPU time, estimated",
    unit: "s",
    better: "lower",
    of: ({ gpu_seconds_estimate }) => gpu_seconds_estimate,
    note: () => "one A100 at 40 % utilisation",
  },
} satisfies Record<string, Quantity>;

/** The quantities that an experiment has a card for. */
export function quantityCards(metrics: Metrics): Quantity[] {
  const { latency_p50, latency_p95, throughput, tokens, cost, failed, gpu_time } = quantities;
  // GPU time is unknown if the size of the model is; then it has no card.
  return [latency_p50, latency_p95, throughput, tokens, cost, failed, ...(metrics.gpu_seconds_estimate === null ? [] : [gpu_time])];
}

function describeFailures({ failures, missing, cached, retried }: Schemas["Counts"]): string {
  const parts = Object.entries(failures).map(([kind, count]) => `${formatName(kind).toLowerCase()} ${count}`);
  if (missing > 0) parts.push(`${formatCount(missing)} not run`);
  return parts.join(", ") || (cached > 0 ? `${formatCount(cached)} from cache` : `${formatCount(retried)} retried`);
}

/** The quantities that are compared on the same questions, with an interval and a test. */
export const pairedQuantities: Record<Schemas["AmountDifference"]["quantity"], Pick<Quantity, "label" | "unit">> = {
  latency_ms: { label: "Mean latency", unit: "ms" },
  tokens: { label: "Mean tokens", unit: "tokens" },
  cost_usd: { label: "Mean cost", unit: "usd" },
};

/** The quantities that are compared as they are, without a test. */
export const untestedQuantities: readonly Quantity[] = [quantities.latency_p95, quantities.throughput, quantities.failed];

/** What a score can be plotted against. */
export const expenses = { latency: quantities.latency_p50, cost: quantities.cost_per_1000_runs } satisfies Record<string, Quantity>;

export type Expense = keyof typeof expenses;

export type Attribution = Schemas["Attribution"];

export interface AttributionOutcome {
  name: keyof Attribution;
  label: string;
  /** Whether the answer is right. */
  right: boolean;
  meaning: string;
}

/** How a right or wrong answer is attributed to retrieval or to the model, by whether the prompt contained an accepted answer. */
export const attributionOutcomes: readonly AttributionOutcome[] = [
  { name: "supported", label: "Supported", right: true, meaning: "Right, with an accepted answer in the prompt." },
  { name: "unsupported", label: "Right without support", right: true, meaning: "Right, without an accepted answer in the prompt: from the model’s memory, or by chance." },
  { name: "misread", label: "Retrieved but misread", right: false, meaning: "Wrong, with an accepted answer in the prompt: an error of the model." },
  { name: "not_retrieved", label: "Not retrieved", right: false, meaning: "Wrong, without an accepted answer in the prompt: an error of retrieval." },
];

/** The shares of an agent’s runs that have a card. */
export const agentShares: readonly { name: "success_rate" | "stuck_rate"; label: string; note: string }[] = [
  { name: "success_rate", label: "Success rate", note: "Runs that ended with an answer, right or wrong." },
  { name: "stuck_rate", label: "Stuck rate", note: "Runs that repeated one action three times." },
];

const intervalMethods: Record<string, string> = {
  wilson: "Wilson score interval",
  bca: "BCa bootstrap interval",
  clustered: "cluster-robust interval",
  constant: "all values equal: no interval",
};

/** How the interval of an estimate was computed: `95 % Wilson score interval, n = 100 answered runs`. */
export function describeInterval({ level, method, n }: Pick<Estimate, "level" | "method" | "n">, over: string): string {
  return `${formatNumber(level * 100)} % ${intervalMethods[method] ?? method}, n = ${formatCount(n)} ${over}`;
}

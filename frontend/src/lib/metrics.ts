/**
 * How the dashboard shows scores and metrics. The API describes them: every number of a result is a figure
 * with its label, unit, group and better direction. Only the few that a page singles out are named here.
 */

import type { Schemas } from "./api/client";
import { formatCost, formatCount, formatDuration, formatName, formatNumber, formatPercent } from "./format";

type Metrics = Schemas["Metrics"];

export type Figure = Schemas["Figure"];

/** The score that decides whether a run counts as right, and that lists of experiments show. */
export const PRIMARY_SCORE = "exact_match";

/** A share of a figure, or any other value, with its unit. */
export function formatFigure(value: number | null, { format, unit }: Pick<Figure, "format" | "unit">): string {
  switch (format) {
    case "share":
      return formatPercent(value);
    case "milliseconds":
      return formatDuration(value);
    case "usd":
      return formatCost(value);
    case "count":
      return formatCount(value);
    case "number":
      return value === null || unit === "" ? formatNumber(value) : `${formatNumber(value)} ${unit}`;
  }
}

/** A figure with a confidence interval. */
export type EstimatedFigure = Figure & { value: number; low: number; high: number };

function isEstimated(figure: Figure): figure is EstimatedFigure {
  return figure.value !== null && figure.low !== null && figure.high !== null;
}

export interface FigureGroup {
  group: string;
  label: string;
  figures: EstimatedFigure[];
}

/** The group of an agent's figures, which have a panel of their own. */
const AGENT = "agent";

/** A share that is unknown, such as the hallucination rate without a judge, is not shown unless the API says why. */
function isUnknownShare({ format, value, note }: Figure): boolean {
  return format === "share" && value === null && note === "";
}

/** Scores and other figures with an interval, by group, in the API's order. */
export function estimateGroups({ figures }: Pick<Metrics, "figures">): FigureGroup[] {
  const estimated = figures.filter(isEstimated).filter(({ group }) => group !== AGENT);
  return [...new Set(estimated.map(({ group }) => group))].map((group) => ({
    group,
    label: formatName(group),
    figures: estimated.filter((figure) => figure.group === group),
  }));
}

/** The shares of an agent's runs; failed tool uses are shown with the tools. */
export function agentShares({ figures }: Pick<Metrics, "figures">): EstimatedFigure[] {
  return figures.filter(isEstimated).filter(({ group, format, name }) => group === AGENT && format === "share" && name !== "agent_failed_uses");
}

export interface FigureCard {
  label: string;
  value: string;
  /** The other figures of the row, the number of values, and what the API says of them. */
  note: string;
}

/** The figures without an interval: a card for each, or for those that share a row. */
export function figureCards({ figures }: Pick<Metrics, "figures">): FigureCard[] {
  const plain = figures.filter((figure) => !isEstimated(figure) && !isUnknownShare(figure) && figure.group !== AGENT);
  const rows = new Map<string, Figure[]>();
  for (const figure of plain) {
    const row = figure.row || figure.name;
    rows.set(row, [...(rows.get(row) ?? []), figure]);
  }
  return [...rows.values()].flatMap(([first, ...others]) => (first ? [{ label: first.label, value: formatFigure(first.value, first), note: noteOf(first, others) }] : []));
}

function noteOf(first: Figure, others: Figure[]): string {
  if (first.value === null && first.n === 0 && first.note) return first.note;
  const rest = others.map((figure) => {
    const value = formatFigure(figure.value, figure);
    const named = figure.format === "milliseconds" ? `${figure.short} ${value}` : `${value} ${figure.short}`;
    return figure.note ? `${named} (${figure.note})` : named;
  });
  const count = first.n === null ? "" : `n = ${formatCount(first.n)} ${first.basis}`.trim();
  return [...rest, count, first.note, first.warning].filter(Boolean).join(", ");
}

/** Shown in the table of a comparison though they share a row with others. */
const COMPARED = ["latency_p95_ms", "model_time_p50_ms", "runs_failed"];

/** The figures that a comparison shows as they are, without a test. */
export function comparedFigures(results: readonly Pick<Metrics, "figures">[]): Figure[] {
  const found = results.flatMap(({ figures }) => figures).filter((figure) => !isEstimated(figure) && !isUnknownShare(figure) && (figure.row === "" || COMPARED.includes(figure.name)));
  return [...new Map(found.map((figure) => [figure.name, figure])).values()];
}

/** Names of scores in the API's order, with their labels. */
export interface ScoreNames {
  labelOf: (name: string) => string;
  /** What a score is about: answer, retrieval, …; empty if it is not described. */
  groupOf: (name: string) => string;
  inOrder: (names: Iterable<string>) => string[];
}

/** From descriptions in display order; a score without one is shown last, under its name. */
export function scoreNamesOf(described: readonly { name: string; label: string; group: string }[]): ScoreNames {
  const groups = new Map(described.map(({ name, group }) => [name, group]));
  const labels = new Map(described.map(({ name, label }) => [name, label]));
  const places = [...labels.keys()];
  const placeOf = (name: string) => (labels.has(name) ? places.indexOf(name) : places.length);
  return {
    labelOf: (name) => labels.get(name) ?? harnessLabel(name) ?? formatName(name),
    groupOf: (name) => groups.get(name) ?? "",
    inOrder: (names) => [...names].sort((a, b) => placeOf(a) - placeOf(b) || a.localeCompare(b)),
  };
}

/** What a harness is called whose scores were imported; as `LABELS` in `backend/app/domain/harness.py`. */
const harnesses = [
  ["inspect", "Inspect"],
  ["lm-eval", "lm-evaluation-harness"],
  ["promptfoo", "promptfoo"],
  ["file", "a file"],
] as const;

/** The label of a score that was imported, such as `judge (a file)` for `file.judge`. */
function harnessLabel(name: string): string | undefined {
  const found = harnesses.find(([harness]) => name.startsWith(`${harness}.`));
  return found && `${name.slice(found[0].length + 1)} (${found[1]})`;
}

export type Unit = "ms" | "usd" | "tokens";

/** A value with its unit. */
export function formatQuantity(value: number | null | undefined, unit: Unit): string {
  switch (unit) {
    case "ms":
      return formatDuration(value);
    case "usd":
      return formatCost(value);
    case "tokens":
      return formatNumber(value);
  }
}

interface Quantity {
  label: string;
  unit: Unit;
}

/** The quantities that are compared on the same questions, with an interval and a test. */
export const pairedQuantities: Record<Schemas["AmountDifference"]["quantity"], Quantity> = {
  latency_ms: { label: "Mean latency", unit: "ms" },
  tokens: { label: "Mean tokens", unit: "tokens" },
  cost_usd: { label: "Mean cost", unit: "usd" },
};

/** Whether the latency is that of the model alone, though retrieval or tools take time as well: in results from before they were in it. */
function lacksWait({ model_ms, attribution, agent }: Metrics): boolean {
  return model_ms === null && (attribution !== null || agent !== null);
}

/** What a score can be plotted against. */
export const expenses = {
  latency: { label: "Latency p50", unit: "ms", of: (metrics) => (lacksWait(metrics) ? null : metrics.latency_ms.p50) },
  cost: { label: "Cost per 1,000 runs", unit: "usd", of: ({ cost_usd }) => cost_usd.per_1000_runs },
} satisfies Record<string, Quantity & { of: (metrics: Metrics) => number | null }>;

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

const intervalMethods: Record<string, string> = {
  wilson: "Wilson score interval",
  bca: "BCa bootstrap interval",
  clustered: "cluster-robust interval",
  likelihood: "likelihood interval",
  constant: "All values are equal, which says nothing of their spread",
};

/** How the interval of an estimate was computed: `95 % Wilson score interval, n = 100 answered runs`. */
export function describeInterval({ level = 0.95, method, n }: { level?: number; method: string; n: number | null }, over: string): string {
  const name = intervalMethods[method] ?? method;
  return `${method === "constant" ? name : `${formatNumber(level * 100)} % ${name}`}, n = ${formatCount(n)} ${over}`;
}

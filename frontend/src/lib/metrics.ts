/**
 * Scores and metrics as the API describes them: labels, groups, units, order.
 *
 * The only module that names any of them, and only the few that a page singles out.
 */

import type { Schemas } from "./api/client";
import { formatCost, formatCount, formatDuration, formatName, formatNumber, formatPercent } from "./format";

export type Figure = Schemas["Figure"];
type Metrics = Pick<Schemas["Metrics"], "figures">;

/** The score that decides whether a run counts as right, and that lists of experiments show. */
export const PRIMARY_SCORE = "exact_match";

/** Figures that are compared as they are, without a test. */
export const UNTESTED_FIGURES = ["latency_p95_ms", "throughput_per_s", "runs_failed"] as const;

/** The figures that scores are plotted against. */
export const EXPENSES = { latency: "latency_p50_ms", cost: "cost_per_1000_runs_usd" } as const;

export type Expense = keyof typeof EXPENSES;

/** The quantities that are compared on the same questions, with an interval and a test. */
export const PAIRED_QUANTITIES: Record<Schemas["AmountDifference"]["quantity"], { label: string; format: Figure["format"] }> = {
  latency_ms: { label: "Mean latency", format: "milliseconds" },
  tokens: { label: "Mean tokens", format: "number" },
  cost_usd: { label: "Mean cost", format: "usd" },
};

/** Figures that have a panel of their own instead of a card. */
const AGENT_GROUP = "agent";

export interface Scores {
  label: (name: string) => string;
  /** Names in display order; unknown ones last. */
  order: (names: readonly string[]) => string[];
}

/** Labels and order of scores; an unknown score is labelled by its name. */
export function scoresOf(descriptions: readonly Schemas["ScoreOut"][]): Scores {
  const byName = new Map(descriptions.map((description, place) => [description.name, { ...description, place }]));
  const placeOf = (name: string) => byName.get(name)?.place ?? byName.size;
  return {
    label: (name) => byName.get(name)?.label ?? formatName(name),
    order: (names) => [...names].sort((a, b) => placeOf(a) - placeOf(b) || a.localeCompare(b)),
  };
}

/** The figure of this name; undefined if the result does not have it. */
export function figureOf({ figures }: Metrics, name: string): Figure | undefined {
  return figures.find((figure) => figure.name === name);
}

/** The label of a figure outside of its row: `Latency p95`. */
export function figureLabel({ row, label }: Pick<Figure, "row" | "label">): string {
  return row ? `${formatName(row)} ${label}` : label;
}

/** A value in the format and unit of a figure. */
export function formatFigure(value: number | null | undefined, { format, unit }: { format: Figure["format"]; unit?: string }): string {
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
      if (unit === "s") return formatDuration(value == null ? value : value * 1000);
      return unit && value != null ? `${formatNumber(value)} ${unit}` : formatNumber(value);
  }
}

export interface ScoreGroup {
  group: string;
  label: string;
  figures: (Figure & { value: number; low: number; high: number })[];
}

/** A share that is unknown has neither an interval to draw nor anything else to say. */
function isUnknownShare({ format, value }: Figure): boolean {
  return format === "share" && value === null;
}

function isEstimate(figure: Figure): figure is ScoreGroup["figures"][number] {
  return figure.format === "share" && figure.value !== null && figure.low !== null && figure.high !== null;
}

/** The shares with an interval, by group, in the order of the API. */
export function scoreGroups({ figures }: Metrics): ScoreGroup[] {
  const shown = figures.filter(isEstimate).filter(({ group }) => group !== AGENT_GROUP);
  const groups = [...new Set(shown.map(({ group }) => group))];
  return groups.map((group) => ({ group, label: formatName(group), figures: shown.filter((figure) => figure.group === group) }));
}

export interface AmountCard {
  label: string;
  help: string;
  value: string;
  /** What the value is, where the card has several figures: `p50`. */
  caption: string;
  /** The other figures of the card: `p95 900 ms`. */
  others: string[];
  notes: string[];
}

/** All other figures as cards; figures of one row share a card. */
export function amountCards({ figures }: Metrics): AmountCard[] {
  const rows = new Map<string, [Figure, ...Figure[]]>();
  for (const figure of figures.filter((one) => !isEstimate(one) && !isUnknownShare(one) && one.group !== AGENT_GROUP)) {
    const key = figure.row || figure.name;
    const row = rows.get(key);
    if (row) row.push(figure);
    else rows.set(key, [figure]);
  }
  return [...rows.values()].map((row) => amountCard(...row));
}

function amountCard(first: Figure, ...others: Figure[]): AmountCard {
  const all = [first, ...others];
  const counted = first.n === null ? [] : [`n = ${formatCount(first.n)} ${first.basis}`.trim()];
  return {
    label: first.row ? formatName(first.row) : first.label,
    help: first.help,
    value: formatFigure(first.value, first),
    caption: first.row ? first.label : "",
    others: others.map((figure) => {
      const value = formatFigure(figure.value, figure);
      const named = figure.format === "count" ? `${value} ${figure.label}` : `${figure.label} ${value}`;
      return figure.note ? `${named} (${figure.note})` : named;
    }),
    notes: [...counted, ...new Set([first.note, ...all.map(({ warning }) => warning)].filter(Boolean))],
  };
}

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
export function describeInterval({ level, method, n }: Pick<Schemas["Estimate"], "level" | "method" | "n">, over: string): string {
  return `${formatNumber(level * 100)} % ${intervalMethods[method] ?? method}, n = ${formatCount(n)} ${over}`;
}

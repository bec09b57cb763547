import { type inferParserType, parseAsFloat, parseAsString, parseAsStringLiteral } from "nuqs";

import type { Schemas } from "@/lib/api/client";
import type { RunQuery } from "@/lib/api/queries";
import { formatName } from "@/lib/format";

import { type RunState, runStates } from "./prepare";

const outcomes = ["all", "correct", "partial", "wrong", "failed", "unscored", "cached"] as const;

export type Outcome = (typeof outcomes)[number];

/** The label of an outcome: the same words as on the badges of runs. */
export function outcomeLabel(outcome: Outcome): string {
  if (outcome === "all") return "All";
  return outcome === "cached" ? "From cache" : (runStates.find(({ state }) => state === outcome)?.label ?? "");
}

/** The outcomes that runs have, and the chosen one; whether answers came from the cache is not in the counts. */
export function offeredOutcomes(counts: Record<RunState, number>, chosen: Outcome): Outcome[] {
  return outcomes.filter((outcome) => outcome === "all" || outcome === "cached" || outcome === chosen || counts[outcome] > 0);
}

/** The orders of the list, with their labels. */
export const runSorts = [
  { sort: "order", label: "As answered" },
  { sort: "score", label: "Score, lowest first" },
  { sort: "-score", label: "Score, highest first" },
  { sort: "-latency_ms", label: "Slowest first" },
  { sort: "latency_ms", label: "Fastest first" },
  { sort: "-tokens", label: "Most tokens first" },
  { sort: "tokens", label: "Fewest tokens first" },
  { sort: "-cost_usd", label: "Dearest first" },
  { sort: "-output_length", label: "Longest output first" },
  { sort: "output_length", label: "Shortest output first" },
] as const;

const sorts = runSorts.map(({ sort }) => sort);

/** The bounds that a run's numbers can be held to, with their names in the address. */
export const runBounds = [
  { label: "Score", from: "scoreFrom", to: "scoreTo", step: 0.1 },
  { label: "Latency, ms", from: "msFrom", to: "msTo", step: 100 },
  { label: "Tokens", from: "tokensFrom", to: "tokensTo", step: 10 },
] as const;

const labelFilters = ["", "wrong", "right", "unclear", "none"] as const;

/** What people's labels say of answers. */
export const labelChoices = [
  { value: "wrong", label: "Labelled wrong" },
  { value: "right", label: "Labelled right" },
  { value: "unclear", label: "Labelled, people cannot tell" },
  { value: "none", label: "Not labelled" },
] as const;

/** The state of the list in the address. */
export const runParams = {
  filter: parseAsStringLiteral(outcomes).withDefault("all"),
  q: parseAsString.withDefault(""),
  sort: parseAsStringLiteral(sorts).withDefault("order"),
  kind: parseAsString.withDefault(""),
  slice: parseAsString.withDefault(""),
  attribution: parseAsString.withDefault(""),
  label: parseAsStringLiteral(labelFilters).withDefault(""),
  /** Name of a score that disagrees with the chosen one on what is right. */
  against: parseAsString.withDefault(""),
  scoreFrom: parseAsFloat,
  scoreTo: parseAsFloat,
  msFrom: parseAsFloat,
  msTo: parseAsFloat,
  tokensFrom: parseAsFloat,
  tokensTo: parseAsFloat,
};

export type RunListState = inferParserType<typeof runParams>;

/** No filter, in the order of answering. */
export const noFilter: RunListState = {
  filter: "all",
  q: "",
  sort: "order",
  kind: "",
  slice: "",
  attribution: "",
  label: "",
  against: "",
  scoreFrom: null,
  scoreTo: null,
  msFrom: null,
  msTo: null,
  tokensFrom: null,
  tokensTo: null,
};

/** The API's query for the state of the list. */
export function runQuery(state: RunListState, score: string, scoring: string): RunQuery {
  return { ...runFilters(state, score, scoring), sort: state.sort };
}

/** The filters alone, of a list or of a dataset that is made of it. */
export function runFilters(state: RunListState, score: string, scoring: string): Schemas["RunFilters"] {
  return {
    filter: state.filter,
    score,
    scoring,
    text: state.q,
    failure_kind: state.kind ? [state.kind as Schemas["FailureKind"]] : [],
    attribution: state.attribution ? [state.attribution as Attribution] : [],
    label: state.label ? [state.label] : [],
    differs_from: state.against,
    slice: state.slice ? [state.slice] : [],
    score_from: state.scoreFrom,
    score_to: state.scoreTo,
    latency_from_ms: state.msFrom,
    latency_to_ms: state.msTo,
    tokens_from: state.tokensFrom,
    tokens_to: state.tokensTo,
  };
}

/** How many filters are set besides the outcome and the text. */
export function countFilters(state: RunListState): number {
  const bounds = runBounds.filter(({ from, to }) => state[from] !== null || state[to] !== null).length;
  return bounds + Number(state.kind !== "") + Number(state.slice !== "") + Number(state.attribution !== "") + Number(state.label !== "") + Number(state.against !== "");
}

/** Where answers from passages went right or wrong. */
export const attributions = [
  { value: "misread", label: "Wrong, retrieved but misread" },
  { value: "not_retrieved", label: "Wrong, not retrieved" },
  { value: "unsupported", label: "Right, without a passage" },
  { value: "supported", label: "Right, supported by a passage" },
] as const;

type Attribution = (typeof attributions)[number]["value"];

/** A name for a dataset of the runs that are listed: `quiz-wrong`, `quiz-timeout`. */
export function suggestedName(dataset: string, state: RunListState): string {
  const labelled = state.label && (state.label === "none" ? "not labelled" : `labelled ${state.label}`);
  const part = state.filter === "all" ? state.attribution || state.kind || labelled || "part" : state.filter;
  return `${dataset}-${part.replaceAll(/[_ ]/g, "-")}`;
}

/** The slices as choices: `Topic: music`, 12 runs. */
export function sliceChoices(slices: readonly Schemas["SliceOut"][]): { value: string; label: string }[] {
  return slices.flatMap(({ key, values }) => values.map(({ value, runs }) => ({ value: `${key}=${value}`, label: `${formatName(key)}: ${value} (${runs})` })));
}

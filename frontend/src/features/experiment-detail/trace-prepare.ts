import type { Tone } from "@/components/ui/badge";
import type { Schemas } from "@/lib/api/client";
import { formatCount, formatDuration, formatName, plural } from "@/lib/format";
import { markPhrases, type Segment } from "@/lib/highlight";

import { formatTokens } from "./calls";

export type Trace = Schemas["TraceOut"];
export type Step = Schemas["StepOut"];
type Use = Schemas["ToolUseOut"];

/** The outcomes of an agent, answered ones first. */
const outcomes: Record<Schemas["AgentOutcome"], { label: string; tone: Tone }> = {
  answered: { label: "Answered", tone: "good" },
  iteration_limit: { label: "Step limit reached", tone: "warn" },
  stuck: { label: "Stuck", tone: "bad" },
  parse_failure: { label: "No action could be parsed", tone: "bad" },
  tool_failure: { label: "Required tool unavailable", tone: "bad" },
  context_overflow: { label: "Context window exceeded", tone: "bad" },
  failed: { label: "A model call failed", tone: "bad" },
};

export const outcomeNames: readonly string[] = Object.keys(outcomes);

/** The label of an agent’s outcome. */
export function describeOutcome(outcome: string): { label: string; tone: Tone } {
  return Object.entries(outcomes).find(([name]) => name === outcome)?.[1] ?? { label: formatName(outcome), tone: "plain" };
}

const kinds: Record<string, string> = { successful: "used", failed: "failed", unneeded: "unused" };

/** Tool calls by result: `1 used, 2 failed` (whether a later step or the answer used the result). */
export function describeToolCalls(counts: Record<string, number>): string {
  return Object.entries(kinds)
    .filter(([kind]) => (counts[kind] ?? 0) > 0)
    .map(([kind, label]) => `${formatCount(counts[kind])} ${label}`)
    .join(", ");
}

/** The calls of each tool: how many, and with what results. */
export function callsByTool(uses: Trace["summary"]["uses"]): { tool: string; total: number; results: string }[] {
  return Object.entries(uses).map(([tool, counts]) => ({
    tool,
    total: Object.values(counts).reduce((sum, count) => sum + count, 0),
    results: describeToolCalls(counts),
  }));
}

/** The result of a tool call as badges. */
export function badgesOf({ kind, error, repeated }: Use): { label: string; tone: Tone }[] {
  const badges: { label: string; tone: Tone }[] = [];
  if (kind === "failed") badges.push({ label: error === "final" ? "✗ failed, no retry" : "✗ failed, retry allowed", tone: "bad" });
  else badges.push(kind === "successful" ? { label: "✓ result used", tone: "good" } : { label: "result unused", tone: "plain" });
  if (repeated) badges.push({ label: "repeated", tone: "warn" });
  return badges;
}

/** The final answer of an agent. */
function answerOf({ steps }: Trace): string | null {
  return steps.findLast(({ answer }) => answer !== null)?.answer ?? null;
}

/** The observation of a step in segments; in the step that the answer comes from, the answer is marked. */
export function markObservation(trace: Trace, place: number): Segment[] {
  const observation = trace.steps[place]?.use?.observation ?? "";
  return markPhrases(observation, place === trace.summary.source ? [answerOf(trace) ?? ""] : []);
}

/** Which tool result the answer comes from, in a sentence; empty if there is no answer. */
export function describeSource(trace: Trace): string {
  const { source } = trace.summary;
  if (answerOf(trace) === null) return "";
  return source === null ? "The answer appears in no tool result." : `The answer appears in the tool result of step ${formatCount(source + 1)}.`;
}

/** The number of steps and repairs of a run. */
export function describeSteps({ iterations, repairs }: Trace["summary"]): string {
  return [plural(iterations, "step"), repairs === 0 ? "no repairs" : plural(repairs, "repair")].join(", ");
}

/** Tokens and latency of the model in a step. */
export function usageOfStep({ prompt_tokens, completion_tokens, duration_s }: Step): string {
  return [formatTokens(prompt_tokens, completion_tokens), duration_s === null ? "" : formatDuration(duration_s * 1000)].filter(Boolean).join(" · ");
}

/** The step of each call of a run, by the index of the call. */
export function stepsOfCalls({ steps }: Trace): ReadonlyMap<number, number> {
  return new Map(steps.flatMap(({ calls }, place) => calls.map((call): [number, number] => [call, place])));
}

const moves: Record<string, (at: number, last: number) => number> = {
  ArrowDown: (at, last) => Math.min(last, at + 1),
  j: (at, last) => Math.min(last, at + 1),
  ArrowUp: (at) => Math.max(0, at - 1),
  k: (at) => Math.max(0, at - 1),
  Home: () => 0,
  End: (_, last) => last,
};

/** The step that a key moves to from the step `at`; undefined for other keys. */
export function stepByKey(key: string, at: number, count: number): number | undefined {
  return moves[key]?.(at, count - 1);
}

const MAX_NAME = 60;

/** The name of a tool as the model wrote it, cut if it is too long for a name. */
export function shortName(tool: string): string {
  return tool.length > MAX_NAME ? `${tool.slice(0, MAX_NAME)}…` : tool || "(no name)";
}

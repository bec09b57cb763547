import type { Tone } from "@/components/ui/badge";
import type { Schemas } from "@/lib/api/client";
import { formatCount, formatDuration, formatName, plural } from "@/lib/format";
import { markPhrases, type Segment } from "@/lib/highlight";

import { tokensSaid } from "./calls";

export type Trace = Schemas["TraceOut"];
export type Step = Schemas["StepOut"];
type Use = Schemas["ToolUseOut"];

/** How agents end, those that answer first. */
const outcomes: Record<Schemas["AgentOutcome"], { label: string; tone: Tone }> = {
  answered: { label: "Answered", tone: "good" },
  iteration_limit: { label: "Out of steps", tone: "warn" },
  stuck: { label: "Stuck", tone: "bad" },
  parse_failure: { label: "No action could be read", tone: "bad" },
  tool_failure: { label: "Went on with a tool that cannot be had", tone: "bad" },
  context_overflow: { label: "Too long for the model", tone: "bad" },
  failed: { label: "A model call failed", tone: "bad" },
};

export const outcomeNames: readonly string[] = Object.keys(outcomes);

/** How an agent ended, in words. */
export function outcomeSaid(outcome: string): { label: string; tone: Tone } {
  return Object.entries(outcomes).find(([name]) => name === outcome)?.[1] ?? { label: formatName(outcome), tone: "plain" };
}

const kinds: Record<string, string> = { successful: "needed", failed: "failed", unneeded: "not needed" };

/** What came of uses of tools, by their class: "1 needed, 2 failed". */
export function describeUses(counts: Record<string, number>): string {
  return Object.entries(kinds)
    .filter(([kind]) => (counts[kind] ?? 0) > 0)
    .map(([kind, label]) => `${formatCount(counts[kind])} ${label}`)
    .join(", ");
}

/** The uses of each tool, with their number and what came of them. */
export function usesByTool(uses: Trace["summary"]["uses"]): { tool: string; total: number; said: string }[] {
  return Object.entries(uses).map(([tool, counts]) => ({
    tool,
    total: Object.values(counts).reduce((sum, count) => sum + count, 0),
    said: describeUses(counts),
  }));
}

/** What came of one use, as marks. */
export function marksOfUse({ kind, error, repeated }: Use): { label: string; tone: Tone }[] {
  const marks: { label: string; tone: Tone }[] = [];
  if (kind === "failed") marks.push({ label: error === "final" ? "✗ failed, not to be used again" : "✗ failed, may try again", tone: "bad" });
  else marks.push(kind === "successful" ? { label: "✓ needed", tone: "good" } : { label: "not needed", tone: "plain" });
  if (repeated) marks.push({ label: "repeated", tone: "warn" });
  return marks;
}

/** The answer that an agent gave, or was brought to give. */
function answerOf({ steps }: Trace): string | null {
  return steps.findLast(({ answer }) => answer !== null)?.answer ?? null;
}

/** What a step was shown, in pieces: the words of the answer marked in the step that they come from. */
export function markObservation(trace: Trace, place: number): Segment[] {
  const observation = trace.steps[place]?.use?.observation ?? "";
  return markPhrases(observation, place === trace.summary.source ? [answerOf(trace) ?? ""] : []);
}

/** Where the answer comes from, in a sentence; empty if there is no answer. */
export function describeSource(trace: Trace): string {
  const { source } = trace.summary;
  if (answerOf(trace) === null) return "";
  return source === null ? "The answer stands in nothing that a tool found." : `The answer stands in what step ${formatCount(source + 1)} found.`;
}

/** Steps and repairs of a run, in words. */
export function describeSteps({ iterations, repairs }: Trace["summary"]): string {
  return [plural(iterations, "step"), repairs === 0 ? "no repairs" : plural(repairs, "repair")].join(", ");
}

/** What the model took for a step: tokens and time. */
export function tookOfStep({ prompt_tokens, completion_tokens, duration_s }: Step): string {
  return [tokensSaid(prompt_tokens, completion_tokens), formatDuration(duration_s * 1000)].filter(Boolean).join(" · ");
}

/** The steps that the calls of a run belong to, by the call's place. */
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

/** The step that a key leads to from `at`; undefined if it leads nowhere. */
export function stepByKey(key: string, at: number, count: number): number | undefined {
  return moves[key]?.(at, count - 1);
}

const LONG_NAME = 60;

/** A tool's name as the model wrote it, cut where it is no name. */
export function shortName(tool: string): string {
  return tool.length > LONG_NAME ? `${tool.slice(0, LONG_NAME)}…` : tool || "(no name)";
}

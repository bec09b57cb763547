import type { TimelinePoint } from "@/components/charts/timeline";
import type { Tone } from "@/components/ui/badge";
import type { Schemas } from "@/lib/api/client";
import { formatCount, formatDate, formatInterval, formatP, formatPercent, formatPointInterval, formatPoints } from "@/lib/format";

type HistoryData = Schemas["HistoryOut"];
type Difference = Schemas["StepDifference"];

export interface StepCell {
  verdict: string;
  tone: Tone;
  /** `+2.0 [−1.0, +5.0], p = .2`; empty without a test. */
  numbers: string;
  /** The verdict as a sentence. */
  message: string;
}

interface StepRow {
  id: string;
  name: string;
  created: string;
  score: string;
  interval: string;
  /** How many answers came from the cache; empty if none. */
  cached: string;
  reference: boolean;
  againstReference: StepCell | null;
  againstPrevious: StepCell | null;
  changes: string[];
}

const words = { better: "Better", worse: "Worse", equivalent: "Equivalent", cannot_tell: "Cannot tell" } as const;
const tones = { better: "good", worse: "bad", equivalent: "good", cannot_tell: "plain" } as const satisfies Record<Difference["verdict"], Tone>;

function cellOf(found: Difference | null): StepCell | null {
  if (!found) return null;
  const tested = found.difference !== null;
  return {
    verdict: words[found.verdict],
    tone: tones[found.verdict],
    numbers: tested ? `${formatPoints(found.difference)} ${formatPointInterval(found.low, found.high)}, ${formatP(found.adjusted_p)}` : "",
    message: found.message,
  };
}

/** A row for each experiment, the newest first. */
export function prepareSteps({ steps, reference_id }: HistoryData): StepRow[] {
  return steps
    .map((step) => ({
      id: step.experiment_id,
      name: step.name,
      created: formatDate(step.created_at),
      score: formatPercent(step.score?.value),
      interval: step.score ? formatInterval(step.score.low, step.score.high) : "",
      cached: step.cached > 0 ? `${formatCount(step.cached)} of ${formatCount(step.answered)}` : "",
      reference: step.experiment_id === reference_id,
      againstReference: cellOf(step.against_reference),
      againstPrevious: cellOf(step.against_previous),
      changes: step.changes,
    }))
    .reverse();
}

/** A point for each experiment, the oldest first; coloured where it differs from the reference. */
export function prepareTimeline({ steps, reference_id }: HistoryData): TimelinePoint[] {
  return steps.map(({ experiment_id, name, created_at, score, against_reference }) => ({
    id: experiment_id,
    label: formatDate(created_at).slice(5),
    name,
    estimate: score,
    tone: against_reference?.verdict === "better" || against_reference?.verdict === "worse" ? against_reference.verdict : "plain",
    reference: experiment_id === reference_id,
  }));
}

/** Whether nothing was asked anew since the first run, so that equal answers say nothing of the model. */
export function onlyFromCache({ steps }: HistoryData): boolean {
  return steps.length > 1 && steps.slice(1).every(({ cached, answered }) => answered > 0 && cached === answered);
}

import type { Tone } from "@/components/ui/badge";
import type { Schemas } from "@/lib/api/client";
import { formatCost, formatCount, formatPercent, formatPointInterval, formatPoints, plural } from "@/lib/format";

type Settling = Schemas["Settling"];

export interface SettlingRow {
  id: string;
  name: string;
  /** `better`, `worse` or `equivalent` once it is settled, and `not settled` before. */
  verdict: string;
  tone: Tone;
  /** `47 of 194`. */
  asked: string;
  difference: string;
  interval: string;
  level: string;
}

const words = { better: "better", worse: "worse", equivalent: "equivalent", cannot_tell: "not settled" } as const;
const tones: Record<keyof typeof words, Tone> = { better: "good", worse: "bad", equivalent: "good", cannot_tell: "plain" };

/** Each experiment against the baseline: what settled it, or what is known so far. */
export function prepareSettling({ sides, planned }: Settling): SettlingRow[] {
  return sides.map((side) => ({
    id: side.experiment_id,
    name: side.name,
    verdict: words[side.verdict],
    tone: tones[side.verdict],
    asked: `${formatCount(side.asked)} of ${formatCount(planned)}`,
    difference: formatPoints(side.difference),
    interval: formatPointInterval(side.low, side.high),
    level: formatPercent(side.level),
  }));
}

/** Why runs that were planned were not made, and what else there is to say: of what ended as settled, and of what was cut off. */
export function describeEnds(settling: Settling): string {
  return [describeSaved(settling), ...settling.unfinished, ...settling.notes].filter(Boolean).join(" ");
}

/** `Settled`, `Until it is settled`, or, where runs were cut off before it was, `Not settled`. */
export function titleOf({ settled, unfinished }: Settling): string {
  if (settled) return "Settled";
  return unfinished.length > 0 ? "Not settled" : "Until it is settled";
}

/** What ending early has saved: `Saved 294 runs, or $0.12, of those that were planned.`; empty if nothing. */
export function describeSaved({ saved_runs, saved_usd }: Settling): string {
  if (saved_runs === 0) return "";
  const money = saved_usd ? `, or ${formatCost(saved_usd)},` : "";
  return `Saved ${plural(saved_runs, "run")}${money} of those that were planned.`;
}

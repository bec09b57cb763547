import type { Schemas } from "@/lib/api/client";
import { formatCount, formatPercent, formatPointInterval } from "@/lib/format";

import { letterOf, type Tone } from "./prepare";

type Estimate = Schemas["Estimate"];

export interface EquivalenceRow {
  id: string;
  letter: string;
  name: string;
  /** The verdict in words, with the margin; why there is none where there is no test. */
  verdict: string;
  tone: Tone;
  /** Whether the difference is surely within the margin. */
  within: boolean;
  /** `[−1.2, 1.6]`, with its level; empty without a test. */
  interval: string;
  level: string;
  /** Questions that would show equivalence if there is none; empty if it was found, or nothing is known. */
  needed: string;
  /** Shares of pairs with the same raw output and the same normalised answer; null where none is paired. */
  outputs: Estimate | null;
  answers: Estimate | null;
}

type Found = Schemas["EquivalenceOut"];

function toneOf({ verdict }: Found): Tone {
  return verdict === "cannot_tell" ? "not_distinguishable" : verdict === "equivalent" ? "same" : verdict;
}

/** Each experiment but the baseline: whether it is as good as that by one score, and how many of its answers are the same. */
export function prepareEquivalence({ experiments, differences, same_answers }: Schemas["ComparisonOut"], score: string): EquivalenceRow[] {
  return experiments.slice(1).map(({ experiment_id, label }, index) => {
    const difference = differences.find((one) => one.experiment_id === experiment_id && one.score === score);
    const same = same_answers.find((one) => one.experiment_id === experiment_id);
    const found = difference?.equivalence;
    const sentence = found?.sentence ?? difference?.message ?? "";
    return {
      id: experiment_id,
      letter: letterOf(index + 1),
      name: label,
      verdict: sentence.charAt(0).toUpperCase() + sentence.slice(1),
      tone: found ? toneOf(found) : "none",
      within: found?.within ?? false,
      interval: found ? formatPointInterval(found.low, found.high) : "",
      level: found ? formatPercent(found.level) : "",
      needed: found && found.needed !== null ? `about ${formatCount(found.needed)}` : "",
      outputs: same?.outputs ?? null,
      answers: same?.answers ?? null,
    };
  });
}

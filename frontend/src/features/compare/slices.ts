import type { MultiplesPanel, MultiplesTone } from "@/components/charts/small-multiples";
import type { Schemas } from "@/lib/api/client";
import { formatCount, formatInterval, formatName, formatP, formatPercent, formatPointInterval, formatPoints, plural } from "@/lib/format";

import { letterOf } from "./prepare";

type Sliced = Schemas["SlicedComparisonOut"];
type Verdict = Schemas["SliceDifference"]["verdict"];

export interface SliceCell {
  id: string;
  /** The score with its interval, over the experiment's own runs in the slice. */
  text: string;
  interval: string;
  /** From the baseline; empty for the baseline itself, and without a test. */
  difference: string;
  bounds: string;
  p: string;
  verdict: Verdict | null;
  /** The verdict as a sentence. */
  message: string;
}

interface SliceRow {
  value: string;
  questions: string;
  cells: SliceCell[];
}

export const verdictWords: Record<Verdict, string> = { better: "Better", worse: "Worse", equivalent: "Equivalent", cannot_tell: "Cannot tell" };

/** The fields as choices; those that make no slices say why. */
export function fieldChoices({ fields }: Sliced): { value: string; label: string; disabled: boolean; why: string }[] {
  return fields.map(({ name, in_quantiles, why_not }) => ({
    value: name,
    label: `${formatName(name)}${in_quantiles ? ", in quarters" : ""}`,
    disabled: why_not !== "",
    why: why_not,
  }));
}

/** A row for each slice, in it a cell for each experiment. */
export function prepareSlices({ experiments, slices }: Sliced): SliceRow[] {
  return slices.map(({ value, questions, scores, differences }) => ({
    value,
    questions: formatCount(questions),
    cells: experiments.map(({ experiment_id }): SliceCell => {
      const estimate = scores.find((one) => one.experiment_id === experiment_id)?.estimate;
      const found = differences.find((one) => one.experiment_id === experiment_id);
      return {
        id: experiment_id,
        text: formatPercent(estimate?.value),
        interval: estimate ? formatInterval(estimate.low, estimate.high) : "",
        difference: found && found.difference !== null ? formatPoints(found.difference) : "",
        bounds: found && found.low !== null ? formatPointInterval(found.low, found.high) : "",
        p: found && found.adjusted_p !== null ? formatP(found.adjusted_p) : "",
        verdict: found?.verdict ?? null,
        message: found?.message ?? "",
      };
    }),
  }));
}

/** A panel for each slice, in it the score of each experiment. */
export function prepareMultiples({ experiments, slices }: Sliced): MultiplesPanel[] {
  return slices.map(({ value, questions, scores, differences }) => ({
    title: value,
    note: plural(questions, "question"),
    rows: experiments.map(({ experiment_id, label }, index) => ({
      letter: letterOf(index),
      name: label,
      estimate: scores.find((one) => one.experiment_id === experiment_id)?.estimate ?? null,
      tone: toneOf(differences.find((one) => one.experiment_id === experiment_id)?.verdict),
    })),
  }));
}

function toneOf(verdict: Verdict | undefined): MultiplesTone {
  return verdict === "better" || verdict === "worse" ? verdict : "plain";
}

import type { ForestPlotRow } from "@/components/charts/forest-plot";
import type { Schemas } from "@/lib/api/client";
import { formatCount, formatP, formatPercent, formatPointInterval, formatPoints } from "@/lib/format";

import { letterOf } from "./prepare";

type Repeated = Schemas["ComparedRepeatsOut"];
type Difference = Schemas["PassDifferenceOut"];

export interface PassRow {
  key: string;
  letter: string;
  name: string;
  /** `pass@2`: any of two is right; `pass^2`: both are. */
  measure: string;
  baseline: string;
  value: string;
  difference: string;
  interval: string;
  p: string;
  questions: string;
  outcome: Difference["outcome"];
  message: string;
}

/** Whether questions were asked repeatedly in an experiment and in the baseline: there are more pairs than questions. */
export function wasRepeated({ differences }: Pick<Schemas["ComparisonOut"], "differences">): boolean {
  return differences.some(({ n_paired, n_questions }) => n_paired > n_questions);
}

/** What the field calls it. */
export function passName({ measure, k }: Pick<Difference, "measure" | "k">): string {
  return `${measure === "any" ? "pass@" : "pass^"}${k}`;
}

/** A row for each difference of pass@k and pass^k from the baseline. */
export function preparePasses({ experiments, differences }: Repeated): PassRow[] {
  return differences.map((one) => {
    const index = experiments.findIndex(({ experiment_id }) => experiment_id === one.experiment_id);
    return {
      key: `${one.experiment_id} ${passName(one)}`,
      letter: letterOf(index),
      name: experiments[index]?.label ?? "",
      measure: passName(one),
      baseline: formatPercent(one.baseline),
      value: formatPercent(one.this),
      difference: formatPoints(one.difference),
      interval: formatPointInterval(one.low, one.high),
      p: formatP(one.adjusted_p),
      questions: formatCount(one.questions),
      outcome: one.outcome,
      message: one.message,
    };
  });
}

/** The same as rows of a forest plot. */
export function passForest({ experiments, differences }: Repeated): ForestPlotRow[] {
  return differences.map((one) => {
    const index = experiments.findIndex(({ experiment_id }) => experiment_id === one.experiment_id);
    return {
      letter: letterOf(index),
      name: `${passName(one)}, ${experiments[index]?.label ?? ""}`,
      difference: one.difference,
      low: one.low,
      high: one.high,
      plain: one.family > 1 ? { low: one.plain_low, high: one.plain_high } : null,
      outcome: one.outcome,
    };
  });
}

import type { Schemas } from "@/lib/api/client";
import { formatCount, formatInterval, formatPercent, formatPointInterval, formatPoints } from "@/lib/format";

const FIRST = "exact_match";

type Summary = Schemas["LabelSummaryOut"];

export interface AccuracyRow {
  id: string;
  name: string;
  sample: string;
  /** By the labels alone. */
  alone: string;
  /** What the score says by itself. */
  naive: string;
  corrected: Schemas["Corrected"] | null;
  text: string;
}

/** The accuracy of each experiment by labels and with one score's help; then the differences from the first. */
export function accuracyRows({ experiments }: Summary, score: string): AccuracyRow[] {
  return experiments.map((one) => {
    const found = one.scores.find((each) => each.score === score);
    return {
      id: one.experiment_id,
      name: one.name,
      sample: `${formatCount(one.sampled)} of ${formatCount(one.answered)}`,
      alone: one.labels_alone ? share(one.labels_alone) : "–",
      naive: found ? formatPercent(found.naive) : "–",
      corrected: found?.corrected ?? null,
      text: found?.corrected ? share(found.corrected) : "–",
    };
  });
}

export interface DifferenceRow {
  id: string;
  name: string;
  alone: string;
  naive: string;
  text: string;
}

export function differenceRows({ experiments, differences }: Summary, score: string): DifferenceRow[] {
  return differences.map((one) => {
    const found = one.scores.find((each) => each.score === score);
    return {
      id: one.experiment_id,
      name: experiments.find(({ experiment_id }) => experiment_id === one.experiment_id)?.name ?? "",
      alone: one.labels_alone ? points(one.labels_alone) : "–",
      naive: found?.naive == null ? "–" : formatPoints(found.naive),
      text: found?.corrected ? points(found.corrected) : "–",
    };
  });
}

/** The scores that any experiment has, exact match first. */
export function labelScores({ experiments }: Summary): string[] {
  const names = [...new Set(experiments.flatMap(({ scores }) => scores.map(({ score }) => score)))];
  return names.sort((a, b) => Number(b === FIRST) - Number(a === FIRST));
}

export interface AgreementRow {
  score: string;
  same: string;
  lenient: string;
  strict: string;
  alpha: string;
}

export function agreementRows({ agreements }: Summary): AgreementRow[] {
  return agreements
    .map((one) => ({ one, total: one.both + one.neither + one.only_score + one.only_people }))
    .filter(({ total }) => total > 0)
    .map(({ one, total }) => ({
      score: one.score,
      same: `${formatCount(one.both + one.neither)} of ${formatCount(total)}`,
      lenient: formatCount(one.only_score),
      strict: formatCount(one.only_people),
      alpha: alphaText(one.alpha),
    }));
}

export function alphaText(alpha: Schemas["Estimate"] | null): string {
  if (alpha === null) return "not known";
  return `${alpha.value.toFixed(2)} [${alpha.low.toFixed(2)}, ${alpha.high.toFixed(2)}]`.replaceAll("-", "−");
}

function share({ value, low, high }: Schemas["Corrected"]): string {
  return `${formatPercent(value)} ${formatInterval(low, high)}`;
}

function points({ value, low, high }: Schemas["Corrected"]): string {
  return `${formatPoints(value)} ${formatPointInterval(low, high)}`;
}

import { formatCount, formatPercent } from "@/lib/format";
import { type Attribution, type AttributionOutcome, attributionOutcomes } from "@/lib/metrics";

interface Part extends AttributionOutcome {
  count: number;
  /** Of all attributed answers; 0 if there are none. */
  share: number;
}

export function totalOf(attribution: Attribution): number {
  return attributionOutcomes.reduce((sum, { name }) => sum + attribution[name], 0);
}

/** The four outcomes with their counts and shares, in their order. */
export function prepareAttribution(attribution: Attribution): Part[] {
  const total = totalOf(attribution);
  return attributionOutcomes.map((outcome) => {
    const count = attribution[outcome.name];
    return { ...outcome, count, share: total > 0 ? count / total : 0 };
  });
}

/** The four counts in a sentence. */
export function describeAttribution(attribution: Attribution): string {
  const { supported, unsupported, misread, not_retrieved } = attribution;
  const total = totalOf(attribution);
  const wrong = misread + not_retrieved;
  if (total === 0) return "No answer can be attributed to retrieval or to the model.";
  if (wrong === 0) {
    return `All ${formatCount(total)} answers are right, ${formatCount(supported)} with an accepted answer in the prompt and ${formatCount(unsupported)} without.`;
  }
  const whole = `${formatCount(wrong)} of ${formatCount(total)} answers ${wrong === 1 ? "is" : "are"} wrong`;
  const all = wrong === 1 ? "" : "all ";
  if (not_retrieved === 0) return `${whole}, ${all}with an accepted answer in the prompt.`;
  if (misread === 0) return `${whole}, ${all}without an accepted answer in the prompt.`;
  const counted = (count: number) => `${formatCount(count)} (${formatPercent(count / wrong)})`;
  return `${whole}: ${counted(misread)} with an accepted answer in the prompt, ${counted(not_retrieved)} without.`;
}

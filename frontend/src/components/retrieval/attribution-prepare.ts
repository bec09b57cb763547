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

/** What the four counts say, in a sentence. */
export function describeAttribution(attribution: Attribution): string {
  const { supported, unsupported, misread, not_retrieved } = attribution;
  const total = totalOf(attribution);
  const wrong = misread + not_retrieved;
  if (total === 0) return "No answer could be judged by what was retrieved for it.";
  if (wrong === 0) {
    return `All ${formatCount(total)} answers are right, ${formatCount(supported)} with an accepted answer in the prompt and ${formatCount(unsupported)} without.`;
  }
  const whole = `${formatCount(wrong)} of ${formatCount(total)} answers ${wrong === 1 ? "is" : "are"} wrong`;
  if (not_retrieved === 0) return `${whole}, ${wrong === 1 ? "though" : "all of them though"} an accepted answer stood in the prompt.`;
  if (misread === 0) return `${whole}, and nothing that was retrieved for ${wrong === 1 ? "it" : "them"} held an accepted answer.`;
  const [read, sought] = [misread / wrong, not_retrieved / wrong].map(formatPercent);
  return `${whole}: ${formatCount(misread)} (${read}) though an accepted answer stood in the prompt, ${formatCount(not_retrieved)} (${sought}) because none was retrieved.`;
}

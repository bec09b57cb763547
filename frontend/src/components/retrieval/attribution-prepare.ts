import type { Schemas } from "@/lib/api/client";
import { formatCount, formatPercent } from "@/lib/format";

export type Attribution = Schemas["Attribution"];
export type Fate = keyof Attribution;

/** What can become of a question, those that are right first. */
export const fates: readonly { fate: Fate; label: string; right: boolean; meaning: string }[] = [
  { fate: "supported", label: "Supported", right: true, meaning: "Right, and an accepted answer stood in the prompt." },
  { fate: "unsupported", label: "Right without support", right: true, meaning: "No passage in the prompt held an accepted answer: from memory, or by chance." },
  { fate: "misread", label: "Retrieved but misread", right: false, meaning: "Wrong, though an accepted answer stood in the prompt: the model’s part." },
  { fate: "not_retrieved", label: "Not retrieved", right: false, meaning: "Wrong, and no passage in the prompt held an accepted answer: the search’s part." },
];

interface Part {
  fate: Fate;
  label: string;
  right: boolean;
  meaning: string;
  count: number;
  /** Of all that were told apart; 0 if there are none. */
  share: number;
}

export function totalOf(attribution: Attribution): number {
  return fates.reduce((sum, { fate }) => sum + attribution[fate], 0);
}

/** The four parts with their shares, in their order, those without any included. */
export function prepareAttribution(attribution: Attribution): Part[] {
  const total = totalOf(attribution);
  return fates.map((one) => ({ ...one, count: attribution[one.fate], share: total > 0 ? attribution[one.fate] / total : 0 }));
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

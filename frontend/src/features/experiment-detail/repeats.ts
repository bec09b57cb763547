import type { Schemas } from "@/lib/api/client";
import { formatInterval, formatPercent } from "@/lib/format";

type Repeats = Schemas["RepeatsOut"];
type Estimate = Schemas["Estimate"];

export interface RepeatsFigure {
  label: string;
  value: string;
  interval: string;
  help: string;
}

/** The shares that repeats give, as cards; what cannot be known is left out. */
export function repeatsFigures({ answers, scores, variance }: Repeats): RepeatsFigure[] {
  const within = variance && inverse(variance.between);
  return [
    figure("Answers that flicker", answers, "Questions whose answer changes between repeats"),
    figure("Scores that flicker", scores, "Questions whose score changes between repeats"),
    figure("Variance between questions", variance?.between ?? null, "What another sample of questions would change"),
    figure("Variance within questions", within, "What asking again would change"),
  ].filter((one) => one !== null);
}

function figure(label: string, estimate: Estimate | null, help: string): RepeatsFigure | null {
  return estimate && { label, value: formatPercent(estimate.value), interval: formatInterval(estimate.low, estimate.high), help };
}

/** The rest of a share. */
function inverse(share: Estimate): Estimate {
  return { ...share, value: 1 - share.value, low: 1 - share.high, high: 1 - share.low };
}

/** `Elbe ×2, Rhine ×1`; an output without an answer is `no answer`. */
export function describeAnswers({ answers, distinct }: Schemas["FlickeringQuestionOut"]): string {
  const listed = answers.map(({ answer, count }) => `${answer ?? "no answer"} ×${count}`).join(", ");
  return distinct > answers.length ? `${listed}, …` : listed;
}

import type { Schemas } from "@/lib/api/client";
import { fixed, plural } from "@/lib/format";

function points(difference: number): string {
  return fixed(difference * 100, 1).replace(/\.0$/, "");
}

/** The smallest difference that a comparison on this many questions can detect. */
export function describePower({ questions, power }: Pick<Schemas["EstimateOut"], "questions" | "power">): string {
  const discordant = `one answer in ${Math.round(1 / power.discordant)}`;
  const found =
    power.detectable === null
      ? `With ${plural(questions, "question")} no difference can be detected if ${discordant} differs`
      : `With ${plural(questions, "question")} a comparison can detect a difference of about ${points(power.detectable)} percentage points if ${discordant} differs`;
  return `${found}; detecting ${points(power.wanted)} points takes ${plural(power.needed, "question")}.`;
}

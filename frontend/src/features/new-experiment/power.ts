import type { Schemas } from "@/lib/api/client";
import { formatCount, plural } from "@/lib/format";

function points(difference: number): string {
  return (difference * 100).toFixed(1).replace(/\.0$/, "");
}

/** What so many questions could show in a comparison, before they are asked. */
export function describePower({ questions, power }: Pick<Schemas["EstimateOut"], "questions" | "power">): string {
  const share = `one answer in ${Math.round(1 / power.discordant)}`;
  const found =
    power.detectable === null
      ? `With ${plural(questions, "question")} no difference could be told when ${share} differs`
      : `With ${plural(questions, "question")} a comparison can tell a difference of about ${points(power.detectable)} points when ${share} differs`;
  return `${found}; ${formatCount(power.needed)} would tell ${points(power.wanted)}.`;
}

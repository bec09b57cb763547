import type { Schemas } from "@/lib/api/client";

type Comparison = Pick<Schemas["ComparisonOut"], "differences" | "family">;

/** The comparisons of scores that were tested, by score. */
function tested({ differences }: Comparison): Map<string, number> {
  const found = new Map<string, number>();
  for (const { score, statistics } of differences) {
    if (statistics) found.set(score, (found.get(score) ?? 0) + 1);
  }
  return found;
}

/** Whether the page has several scores, so that it matters whether they are one family. */
export function hasSeveralScores(comparison: Comparison): boolean {
  return tested(comparison).size > 1;
}

/** What the p values and intervals of the scores allow for, as a sentence. */
export function describeFamily(comparison: Comparison): string {
  const scores = tested(comparison);
  const all = [...scores.values()].reduce((sum, one) => sum + one, 0);
  if (comparison.family === "page" && all > 1) return `p values are adjusted by Holm for all ${all} comparisons of ${scores.size} scores on this page, and their intervals are simultaneous.`;
  const each = Math.max(0, ...scores.values());
  const within = each > 1 ? `p values are adjusted by Holm for the ${each} comparisons of a score, and their intervals are simultaneous.` : "";
  if (scores.size < 2) return within;
  return `${within} Each of the ${scores.size} scores is a family of its own: of several, one may differ by chance.`.trim();
}

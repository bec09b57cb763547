/** The order of scores on every page: of the answer, of the retrieval, of the answer's faithfulness to it. */

export type ScoreGroup = "answer" | "retrieval" | "faithfulness";

const groups: Record<Exclude<ScoreGroup, "answer">, readonly string[]> = {
  retrieval: ["answer_in_context", "hit_at_k", "all_at_k", "recall_at_k", "mrr", "ndcg_at_10"],
  faithfulness: ["faithful", "faithfulness", "hallucination_rate"],
};
const FIRST = ["exact_match", "contains", "f1"];
const GROUPS: readonly ScoreGroup[] = ["answer", "retrieval", "faithfulness"];

/** What a score is about; one that is not known is about the answer. */
export function groupOfScore(name: string): ScoreGroup {
  if (groups.retrieval.includes(name)) return "retrieval";
  return groups.faithfulness.includes(name) ? "faithfulness" : "answer";
}

function placeOf(name: string): number {
  const group = groupOfScore(name);
  const within = group === "answer" ? FIRST : groups[group];
  return within.includes(name) ? within.indexOf(name) : within.length;
}

/** Puts names of scores in order: by group, those that are looked for first, first; the others by name. */
export function compareScores(a: string, b: string): number {
  const groupsApart = GROUPS.indexOf(groupOfScore(a)) - GROUPS.indexOf(groupOfScore(b));
  return groupsApart || placeOf(a) - placeOf(b) || a.localeCompare(b);
}

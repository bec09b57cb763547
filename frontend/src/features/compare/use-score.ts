import { parseAsString, useQueryState } from "nuqs";

import { PRIMARY_SCORE } from "@/lib/metrics";

/** The selected score; it is kept in the address, so that all panels show the same one. */
export function useScore(names: string[]): [string, (score: string) => void] {
  const first = names[0] ?? PRIMARY_SCORE;
  const [score, setScore] = useQueryState("score", parseAsString.withDefault(first));
  return [names.includes(score) ? score : first, (next) => void setScore(next)];
}

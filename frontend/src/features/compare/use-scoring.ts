import { parseAsArrayOf, parseAsString, useQueryState } from "nuqs";

/** The scorings that experiments are compared by, in the address: one for all, or one for each; none: the original ones. */
export function useScoring(): [string[], (scorings: string[]) => void] {
  const [scoring, setScoring] = useQueryState("scoring", parseAsArrayOf(parseAsString).withDefault([]));
  return [scoring, (next) => void setScoring(next.length > 0 ? next : null)];
}

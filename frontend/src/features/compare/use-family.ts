import { parseAsStringLiteral, useQueryState } from "nuqs";

const FAMILIES = ["score", "page"] as const;

export type ScoreFamily = (typeof FAMILIES)[number];

/** Whether the p values of a score allow for its own comparisons, or for those of all scores; kept in the address. */
export function useFamily(): [ScoreFamily, (family: ScoreFamily) => void] {
  const [family, setFamily] = useQueryState("family", parseAsStringLiteral(FAMILIES).withDefault("score"));
  return [family, (next) => void setFamily(next)];
}

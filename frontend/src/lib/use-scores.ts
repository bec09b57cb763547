import { useQuery } from "@tanstack/react-query";

import { systemQueries } from "./api/queries";
import { type Scores, scoresOf } from "./metrics";

/** Labels and order of scores, as the API describes them. */
export function useScores(): Scores {
  const { data = [] } = useQuery(systemQueries.scores());
  return scoresOf(data);
}

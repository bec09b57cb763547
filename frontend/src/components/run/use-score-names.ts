import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { scoreQueries } from "@/lib/api/queries";
import { type ScoreNames, scoreNamesOf } from "@/lib/metrics";

/** Labels and order of all scores; until they are loaded, a score is shown under its name. */
export function useScoreNames(): ScoreNames {
  const { data } = useQuery(scoreQueries.all());
  return useMemo(() => scoreNamesOf(data ?? []), [data]);
}

import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, unwrap } from "./client";
import { resultQueries } from "./queries";

/** Queries of the experiments of one configuration over time. */
export const historyQueries = {
  /** `reference`: one of them; the first if it is empty. */
  of: (id: string, score: string, reference: string, scoring: string) =>
    queryOptions({
      queryKey: [...resultQueries.of(id), "history", score, reference, scoring],
      queryFn: ({ signal }) =>
        unwrap(
          api.GET("/api/v1/results/{experiment_id}/history", {
            params: { path: { experiment_id: id }, query: { score, reference: reference || null, scoring } },
            signal,
          }),
        ),
      placeholderData: keepPreviousData,
    }),
};

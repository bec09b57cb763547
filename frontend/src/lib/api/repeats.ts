import { queryOptions } from "@tanstack/react-query";

import { api, unwrap } from "./client";
import { resultQueries } from "./queries";
import type { operations } from "./v1";

/** What varies between questions, and what when one is asked again. */
export const repeatsQueries = {
  of: (id: string, score: string, scoring = "original") =>
    queryOptions({
      queryKey: [...resultQueries.of(id), "repeats", score, scoring],
      queryFn: ({ signal }) => unwrap(api.GET("/api/v1/results/{experiment_id}/repeats", { params: { path: { experiment_id: id }, query: { score, scoring } }, signal })),
    }),
  /** Differences of pass@k and pass^k from the first experiment. */
  compare: (query: operations["compare_repeats"]["parameters"]["query"]) =>
    queryOptions({
      queryKey: [...resultQueries.all, "compare-repeats", query],
      queryFn: ({ signal }) => unwrap(api.GET("/api/v1/results/compare/repeats", { params: { query }, signal })),
    }),
};

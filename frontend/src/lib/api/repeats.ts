import { queryOptions } from "@tanstack/react-query";

import { api, unwrap } from "./client";
import { resultQueries } from "./queries";

/** What varies between questions, and what when one is asked again. */
export const repeatsQueries = {
  of: (id: string, score: string) =>
    queryOptions({
      queryKey: [...resultQueries.of(id), "repeats", score],
      queryFn: ({ signal }) => unwrap(api.GET("/api/v1/results/{experiment_id}/repeats", { params: { path: { experiment_id: id }, query: { score } }, signal })),
    }),
};

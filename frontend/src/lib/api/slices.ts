import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, unwrap } from "./client";
import { resultQueries } from "./queries";
import type { operations } from "./v1";

/** Queries of comparisons by slices of the questions. */
export const sliceQueries = {
  compare: (query: operations["compare_slices"]["parameters"]["query"]) =>
    queryOptions({
      queryKey: [...resultQueries.all, "compare-slices", query],
      queryFn: ({ signal }) => unwrap(api.GET("/api/v1/results/compare/slices", { params: { query }, signal })),
      placeholderData: keepPreviousData,
    }),
};

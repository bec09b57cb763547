import { queryOptions } from "@tanstack/react-query";

import { api, unwrap } from "./client";

const LISTED = 100;
const RUNNING_MS = 5_000;

/** Query keys and functions of optimisation matrices, as in `queries.ts`; what is not finished is asked for again. */
export const matrixQueries = {
  all: ["matrices"] as const,
  list: () =>
    queryOptions({
      queryKey: [...matrixQueries.all, "list"],
      queryFn: ({ signal }) => unwrap(api.GET("/api/v1/matrices", { params: { query: { limit: LISTED } }, signal })),
      refetchInterval: ({ state }) => (state.data?.items.some(({ ended, total }) => ended < total) ? RUNNING_MS : false),
    }),
  detail: (id: string) =>
    queryOptions({
      queryKey: [...matrixQueries.all, "detail", id],
      queryFn: ({ signal }) => unwrap(api.GET("/api/v1/matrices/{matrix_id}", { params: { path: { matrix_id: id } }, signal })),
      refetchInterval: ({ state }) => (state.data && state.data.ended < state.data.total ? RUNNING_MS : false),
    }),
};

import { queryOptions } from "@tanstack/react-query";

import { api, unwrap } from "./client";

const RUNNING_MS = 2_000;

/** Query keys and functions of comparisons that end as soon as they are settled; what is not is asked for again. */
export const settlingQueries = {
  detail: (id: string) =>
    queryOptions({
      queryKey: ["settling", id],
      queryFn: ({ signal }) => unwrap(api.GET("/api/v1/comparisons/{comparison_id}/settling", { params: { path: { comparison_id: id } }, signal })),
      refetchInterval: ({ state }) => (state.data && (state.data.settled || state.data.asked === state.data.planned) && state.data.planned > 0 ? false : RUNNING_MS),
    }),
};

import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, unwrap } from "./client";

/** Queries of what was spent. */
export const spendingQueries = {
  /** From one day (UTC, `2026-11-28`) to another, both included; by default the last 30. */
  of: (since: string, until: string) =>
    queryOptions({
      queryKey: ["spending", since, until],
      queryFn: ({ signal }) => unwrap(api.GET("/api/v1/spending", { params: { query: { since: since || null, until: until || null } }, signal })),
      placeholderData: keepPreviousData,
      refetchInterval: 30_000,
    }),
};

/** The path of the rows as CSV. */
export function spendingCsvPath(since: string, until: string): string {
  return `/api/v1/spending/export?${new URLSearchParams({ since, until })}`;
}

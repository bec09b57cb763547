import { queryOptions } from "@tanstack/react-query";

import { api, type Schemas, unwrap } from "./client";

export type LabelOrder = "random" | "doubtful";

/** The address of the page that asks for labels of some experiments. */
export function labelHref(ids: readonly string[]): string {
  return `/label/?ids=${ids.join(",")}`;
}

/** Query keys and functions of people's labels. */
export const labelQueries = {
  all: ["labels"] as const,
  /** `scoring`: by which scoring of each experiment; empty: the original ones. */
  summary: (ids: readonly string[], scoring: readonly string[] = []) =>
    queryOptions({
      queryKey: [...labelQueries.all, "summary", ids, scoring],
      queryFn: ({ signal }) => unwrap(api.GET("/api/v1/labels/summary", { params: { query: { ids: [...ids], scoring: [...scoring] } }, signal })),
    }),
  queue: (ids: readonly string[], labeller: string, order: LabelOrder) =>
    queryOptions({
      queryKey: [...labelQueries.all, "queue", ids, labeller, order],
      queryFn: ({ signal }) => unwrap(api.GET("/api/v1/labels/queue", { params: { query: { ids: [...ids], labeller, order } }, signal })),
      // What a person is looking at must not change under their eyes.
      refetchOnWindowFocus: false,
      staleTime: Infinity,
      gcTime: 0,
    }),
};

export async function putLabel(label: Schemas["LabelIn"]): Promise<void> {
  await unwrap(api.PUT("/api/v1/labels", { body: [label] }));
}

export async function removeLabel(runId: number, labeller: string): Promise<void> {
  await unwrap(api.DELETE("/api/v1/labels/{run_id}", { params: { path: { run_id: runId }, query: { labeller } } }));
}

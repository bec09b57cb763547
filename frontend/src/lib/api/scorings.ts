import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { api, type Schemas, unwrap } from "./client";
import { resultQueries } from "./queries";

/** The name of the scoring that an experiment was run with. */
export const ORIGINAL = "original";
const AT_WORK_MS = 1_000;

/** Query keys and functions of scorings and retries; scorings that are being made are asked for again. */
export const scoringQueries = {
  list: (id: string) =>
    queryOptions({
      queryKey: [...resultQueries.of(id), "scorings"],
      queryFn: ({ signal }) => unwrap(api.GET("/api/v1/experiments/{experiment_id}/scorings", { params: { path: { experiment_id: id } }, signal })),
      refetchInterval: ({ state }) => (state.data?.items.some(({ status }) => status === "PENDING" || status === "RUNNING") ? AT_WORK_MS : false),
    }),
  /** The result by one of its scorings. */
  result: (id: string, scoring: string) =>
    queryOptions({
      queryKey: [...resultQueries.of(id), "by-scoring", scoring],
      queryFn: ({ signal }) => unwrap(api.GET("/api/v1/results/{experiment_id}", { params: { path: { experiment_id: id }, query: { scoring } }, signal })),
    }),
  retries: (id: string) =>
    queryOptions({
      queryKey: [...resultQueries.of(id), "retries"],
      queryFn: ({ signal }) => unwrap(api.GET("/api/v1/experiments/{experiment_id}/retries", { params: { path: { experiment_id: id } }, signal })),
    }),
};

/** Scores the stored outputs of an experiment again. */
export function useRescore(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Schemas["ScoringCreate"]) =>
      unwrap(api.POST("/api/v1/experiments/{experiment_id}/scorings", { params: { path: { experiment_id: id } }, body })),
    onSuccess: () => client.invalidateQueries({ queryKey: resultQueries.of(id) }),
  });
}

/** Removes a scoring; the original scores stay. */
export function useDeleteScoring(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (name: string) =>
      unwrap(api.DELETE("/api/v1/experiments/{experiment_id}/scorings/{name}", { params: { path: { experiment_id: id, name } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: resultQueries.of(id) }),
  });
}

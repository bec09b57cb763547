import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { startOf } from "@/lib/uploads";

import { API_URL } from "./address";
import { api, authHeaders, type Schemas, unwrap } from "./client";
import { healthOf } from "./health";
import type { operations } from "./v1";

export type ExperimentQuery = NonNullable<operations["list_experiments"]["parameters"]["query"]>;
export type RunQuery = NonNullable<operations["list_runs"]["parameters"]["query"]>;

/** Query keys and functions, one factory per resource; no other module writes a query key. */
export const experimentQueries = {
  all: ["experiments"] as const,
  list: (query: ExperimentQuery) =>
    queryOptions({
      queryKey: [...experimentQueries.all, "list", query],
      queryFn: ({ signal }) => unwrap(api.GET("/api/v1/experiments", { params: { query }, signal })),
      placeholderData: keepPreviousData,
    }),
  facets: () =>
    queryOptions({
      queryKey: [...experimentQueries.all, "facets"],
      queryFn: ({ signal }) => unwrap(api.GET("/api/v1/experiments/facets", { signal })),
    }),
  detail: (id: string) =>
    queryOptions({
      queryKey: [...experimentQueries.all, "detail", id],
      queryFn: ({ signal }) =>
        unwrap(api.GET("/api/v1/experiments/{experiment_id}", { params: { path: { experiment_id: id } }, signal })),
    }),
  batchJobs: (id: string) =>
    queryOptions({
      queryKey: [...experimentQueries.all, "batch-jobs", id],
      queryFn: ({ signal }) =>
        unwrap(api.GET("/api/v1/experiments/{experiment_id}/batch-jobs", { params: { path: { experiment_id: id } }, signal })),
    }),
  preview: (body: Schemas["ExperimentCreate"], position: number) =>
    queryOptions({
      queryKey: [...experimentQueries.all, "preview", body, position],
      queryFn: ({ signal }) =>
        unwrap(api.POST("/api/v1/experiments/preview", { params: { query: { position } }, body, signal })),
      placeholderData: keepPreviousData,
      retry: false,
      staleTime: 60_000,
    }),
};

export const scoreQueries = {
  all: () =>
    queryOptions({
      queryKey: ["scores"] as const,
      queryFn: ({ signal }) => unwrap(api.GET("/api/v1/scores", { signal })),
      staleTime: Infinity,
    }),
};

export const resultQueries = {
  all: ["results"] as const,
  of: (id: string) => [...resultQueries.all, id] as const,
  detail: (id: string) =>
    queryOptions({
      queryKey: [...resultQueries.of(id), "detail"],
      queryFn: ({ signal }) =>
        unwrap(api.GET("/api/v1/results/{experiment_id}", { params: { path: { experiment_id: id } }, signal })),
    }),
  map: (id: string, score: string, scoring = "original") =>
    queryOptions({
      queryKey: [...resultQueries.of(id), "map", score, scoring],
      queryFn: ({ signal }) =>
        unwrap(
          api.GET("/api/v1/results/{experiment_id}/map", {
            params: { path: { experiment_id: id }, query: { score, scoring } },
            signal,
          }),
        ),
      placeholderData: keepPreviousData,
    }),
  slices: (id: string, score: string, scoring = "original") =>
    queryOptions({
      queryKey: [...resultQueries.of(id), "slices", score, scoring],
      queryFn: ({ signal }) =>
        unwrap(
          api.GET("/api/v1/results/{experiment_id}/slices", {
            params: { path: { experiment_id: id }, query: { score, scoring } },
            signal,
          }),
        ),
      placeholderData: keepPreviousData,
    }),
  runs: (id: string, query: RunQuery) =>
    queryOptions({
      queryKey: [...resultQueries.of(id), "runs", query],
      queryFn: ({ signal }) =>
        unwrap(
          api.GET("/api/v1/results/{experiment_id}/runs", {
            params: { path: { experiment_id: id }, query },
            signal,
          }),
        ),
    }),
  runPages: (id: string, query: Omit<RunQuery, "cursor">) =>
    infiniteQueryOptions({
      queryKey: [...resultQueries.of(id), "run-pages", query],
      queryFn: ({ pageParam, signal }) =>
        unwrap(
          api.GET("/api/v1/results/{experiment_id}/runs", {
            params: { path: { experiment_id: id }, query: { ...query, cursor: pageParam } },
            signal,
          }),
        ),
      initialPageParam: null as string | null,
      getNextPageParam: (page) => page.next,
    }),
  run: (id: string, runId: number, scoring = "original") =>
    queryOptions({
      queryKey: [...resultQueries.of(id), "run", runId, scoring],
      queryFn: ({ signal }) =>
        unwrap(
          api.GET("/api/v1/results/{experiment_id}/runs/{run_id}", {
            params: { path: { experiment_id: id, run_id: runId }, query: { scoring } },
            signal,
          }),
        ),
      staleTime: Infinity,
      gcTime: 30_000, // a run may hold megabytes
      placeholderData: keepPreviousData,
    }),
  /** `margin`: the largest difference of a score that does not matter, as a fraction. `family`: what p values allow for. */
  compare: (ids: string[], margin: number, scoring: string[] = [], family: "score" | "page" = "score") =>
    queryOptions({
      queryKey: [...resultQueries.all, "compare", ids, margin, scoring, family],
      queryFn: ({ signal }) => unwrap(api.GET("/api/v1/results/compare", { params: { query: { ids, margin, scoring, family } }, signal })),
    }),
  compareStages: (ids: string[]) =>
    queryOptions({
      queryKey: [...resultQueries.all, "compare-stages", ids],
      queryFn: ({ signal }) => unwrap(api.GET("/api/v1/results/compare/stages", { params: { query: { ids } }, signal })),
    }),
  /** The first questions of several experiments, among which is one that all have run. */
  firstShared: (ids: string[], score: string) =>
    queryOptions({
      queryKey: [...resultQueries.all, "first-shared", ids, score],
      queryFn: ({ signal }) =>
        unwrap(api.GET("/api/v1/results/compare/examples", { params: { query: { ids, score, outcome: "all", limit: 200 } }, signal })),
    }),
  comparedExamples: (query: operations["compare_examples"]["parameters"]["query"]) =>
    infiniteQueryOptions({
      queryKey: [...resultQueries.all, "compare-examples", query],
      queryFn: ({ pageParam, signal }) =>
        unwrap(
          api.GET("/api/v1/results/compare/examples", {
            params: { query: { ...query, cursor: pageParam } },
            signal,
          }),
        ),
      initialPageParam: null as string | null,
      getNextPageParam: (page) => page.next,
      placeholderData: keepPreviousData,
    }),
};

export const datasetQueries = {
  all: ["datasets"] as const,
  list: () =>
    queryOptions({
      queryKey: [...datasetQueries.all, "list"],
      queryFn: ({ signal }) => unwrap(api.GET("/api/v1/datasets", { signal })),
    }),
  columns: (file: File) =>
    queryOptions({
      queryKey: ["columns", file.name, file.size, file.lastModified],
      queryFn: async ({ signal }) => {
        const form = new FormData();
        form.set("file", startOf(file), file.name);
        // OpenAPI types a file as a string; the request sends the form.
        return unwrap(api.POST("/api/v1/datasets/columns", { body: { file: file.name }, bodySerializer: () => form, signal }));
      },
      staleTime: Infinity,
      retry: false,
    }),
  examples: (name: string, version: string) =>
    infiniteQueryOptions({
      queryKey: [...datasetQueries.all, "examples", name, version],
      queryFn: ({ pageParam, signal }) =>
        unwrap(
          api.GET("/api/v1/datasets/{name}/examples", {
            params: { path: { name }, query: { version, cursor: pageParam, limit: 50 } },
            signal,
          }),
        ),
      initialPageParam: -1,
      getNextPageParam: (page) => (page.next === null ? null : Number(page.next)),
    }),
};

export const systemQueries = {
  models: () =>
    queryOptions({
      queryKey: ["models"],
      queryFn: ({ signal }) => unwrap(api.GET("/api/v1/models", { signal })),
    }),
  /** The same after every endpoint was asked; what comes of it also takes the place of the list. */
  checkModels: () =>
    queryOptions({
      queryKey: ["models", "check all"],
      queryFn: async ({ signal, client }) => {
        const checked = await unwrap(api.GET("/api/v1/models", { params: { query: { check: true } }, signal }));
        client.setQueryData(["models"], checked);
        return checked;
      },
      retry: false,
    }),
  checkModel: (name: string) =>
    queryOptions({
      queryKey: ["models", "check", name],
      queryFn: ({ signal }) => unwrap(api.GET("/api/v1/models/check", { params: { query: { name } }, signal })),
      retry: false,
      staleTime: 30_000,
    }),
  /** The OpenAPI document, from which forms are generated. */
  openapi: () =>
    queryOptions({
      queryKey: ["openapi"],
      queryFn: async ({ signal }): Promise<unknown> => {
        const response = fetch(`${API_URL}/openapi.json`, { headers: authHeaders(), signal });
        return unwrap(response.then(async (r) => ({ data: await r.json().catch(() => null), error: null, response: r })));
      },
      staleTime: Infinity,
    }),
  overview: () =>
    queryOptions({
      queryKey: ["overview"],
      queryFn: ({ signal }) => unwrap(api.GET("/api/v1/overview", { signal })),
    }),
  /** What takes space; measuring walks through folders. */
  storage: () =>
    queryOptions({
      queryKey: ["storage"],
      queryFn: ({ signal }) => unwrap(api.GET("/api/v1/storage", { signal })),
      staleTime: 60_000,
    }),
  health: () =>
    queryOptions({
      queryKey: ["health"],
      queryFn: ({ signal }) => healthOf(signal),
      retry: false,
    }),
};

import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, type Schemas, unwrap } from "./client";

const ARTICLES = 25;
const BUILDING_MS = 1_000;

const base = (name: string) => ({ params: { path: { name } } });
/** An index with the API's default chunking and models. */
const defaults = (version: string) => ({ version, options: { name: "rag" as const } });

/** Query keys and functions of knowledge bases, as in `queries.ts`. */
export const knowledgeQueries = {
  all: ["knowledge"] as const,
  list: () =>
    queryOptions({
      queryKey: [...knowledgeQueries.all, "list"],
      queryFn: ({ signal }) => unwrap(api.GET("/api/v1/knowledge-bases", { signal })),
    }),
  articles: (name: string, version: string, text: string) =>
    infiniteQueryOptions({
      queryKey: [...knowledgeQueries.all, "articles", name, version, text],
      queryFn: ({ pageParam, signal }) =>
        unwrap(
          api.GET("/api/v1/knowledge-bases/{name}/articles", {
            params: { path: { name }, query: { version, text, cursor: pageParam, limit: ARTICLES } },
            signal,
          }),
        ),
      initialPageParam: -1,
      getNextPageParam: (page) => (page.next === null ? null : Number(page.next)),
      placeholderData: keepPreviousData,
      // A version never changes, so loaded data stays valid.
      staleTime: Infinity,
    }),
  /** The state of the index of a version; polled while it is being built. */
  index: (name: string, version: string) =>
    queryOptions({
      queryKey: [...knowledgeQueries.all, "index", name, version],
      queryFn: ({ signal }) =>
        unwrap(api.POST("/api/v1/knowledge-bases/{name}/index", { ...base(name), body: defaults(version), signal })),
      refetchInterval: ({ state }) => (state.data?.state === "building" ? BUILDING_MS : false),
    }),
  search: (name: string, version: string, query: string) =>
    queryOptions({
      queryKey: [...knowledgeQueries.all, "search", name, version, query],
      queryFn: ({ signal }) =>
        unwrap(api.POST("/api/v1/knowledge-bases/{name}/search", { ...base(name), body: { ...defaults(version), query }, signal })),
      placeholderData: keepPreviousData,
      staleTime: Infinity,
      retry: false,
    }),
};

export function buildIndex(name: string, version: string): Promise<Schemas["IndexOut"]> {
  return unwrap(api.POST("/api/v1/knowledge-bases/{name}/build", { ...base(name), body: defaults(version) }));
}

import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { api, type Schemas, unwrap } from "./client";

export type SavedView = Schemas["SavedViewOut"];

/** Query keys and functions of saved views of the list of experiments. */
export const viewQueries = {
  all: () =>
    queryOptions({
      queryKey: ["views"] as const,
      queryFn: ({ signal }) => unwrap(api.GET("/api/v1/views", { signal })),
      staleTime: 30_000,
    }),
};

const path = (id: string) => ({ params: { path: { view_id: id } } });

/** Saves, changes and deletes views. The forms show errors of names. */
export function useViewChanges() {
  const client = useQueryClient();
  const onSettled = () => client.invalidateQueries(viewQueries.all());
  const save = useMutation({
    meta: { quiet: true },
    mutationFn: (body: Schemas["SavedViewIn"]) => unwrap(api.POST("/api/v1/views", { body })),
    onSettled,
  });
  const change = useMutation({
    meta: { quiet: true },
    mutationFn: ({ id, ...body }: { id: string; name?: string; query?: string }) => unwrap(api.PATCH("/api/v1/views/{view_id}", { ...path(id), body })),
    onSettled,
  });
  const remove = useMutation({
    mutationFn: (id: string) => unwrap(api.DELETE("/api/v1/views/{view_id}", path(id))),
    onSettled,
  });
  return { save, change, remove };
}

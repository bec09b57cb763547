import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, unwrap } from "./client";
import { datasetQueries, experimentQueries, resultQueries } from "./queries";
import { fetchWithProgress } from "./upload";
import { contentOf, START } from "@/lib/uploads";

export const importQueries = {
  /** The scores of the harness that an experiment was imported from, against ours. */
  agreements: (id: string, scoring: string) =>
    queryOptions({
      queryKey: [...resultQueries.of(id), "agreements", scoring],
      queryFn: ({ signal }) =>
        unwrap(api.GET("/api/v1/results/{experiment_id}/agreements", { params: { path: { experiment_id: id }, query: { scoring } }, signal })),
    }),
  /** The columns of a plain file of answers; none of a harness's log. */
  columns: (file: File | undefined) =>
    queryOptions({
      queryKey: ["answer-columns", file?.name, file?.size, file?.lastModified],
      queryFn: async ({ signal }) => {
        const form = new FormData();
        if (file) form.set("file", file.slice(0, START), file.name);
        // OpenAPI types a file as a string; the request sends the form.
        return unwrap(api.POST("/api/v1/imports/columns", { body: { file: file?.name ?? "" }, bodySerializer: () => form, signal }));
      },
      staleTime: Infinity,
      retry: false,
    }),
};

interface Import {
  files: File[];
  dataset: string;
  /** Where fields of a plain file are, each as `field=column`. */
  map: string[];
}

async function importFiles({ files, dataset, map }: Import, onProgress: (share: number) => void) {
  const form = new FormData();
  for (const file of files) form.append("files", await contentOf(file, "files"), file.name);
  form.set("dataset", dataset);
  for (const pair of map) form.append("map", pair);
  // OpenAPI types a file as a string; the request sends the form.
  const body = { files: files.map(({ name }) => name), dataset, map, scoring: "" };
  return unwrap(api.POST("/api/v1/imports", { body, bodySerializer: () => form, fetch: fetchWithProgress(onProgress) }));
}

/** Imports logs of other harnesses. The form shows errors, and how much was sent (0 to 1). */
export function useImport() {
  const client = useQueryClient();
  const [sent, setSent] = useState(0);
  const upload = useMutation({
    meta: { quiet: true },
    mutationFn: (variables: Import) => importFiles(variables, setSent),
    onSuccess: () =>
      Promise.all([client.invalidateQueries({ queryKey: experimentQueries.all }), client.invalidateQueries({ queryKey: datasetQueries.all })]),
  });
  return { upload, sent };
}

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, unwrap } from "@/lib/api/client";
import { datasetQueries } from "@/lib/api/queries";
import { fetchWithProgress } from "@/lib/api/upload";
import { contentOf } from "@/lib/uploads";

interface Upload {
  name: string;
  scoring: string;
  file: File;
  /** Where fields are, each as `field=column`. */
  map: string[];
}

async function addDataset({ name, scoring, file, map }: Upload, onProgress: (share: number) => void) {
  const form = new FormData();
  form.set("name", name);
  form.set("scoring", scoring);
  form.set("file", await contentOf(file, "file"), file.name);
  for (const pair of map) form.append("map", pair);
  // OpenAPI types a file as a string; the request sends the form.
  const body = { name, scoring, map, file: file.name };
  return unwrap(api.POST("/api/v1/datasets", { body, bodySerializer: () => form, fetch: fetchWithProgress(onProgress) }));
}

/** Uploads a file as a dataset, or as a new version of one. The form shows errors, and how much was sent (0 to 1). */
export function useAddDataset() {
  const client = useQueryClient();
  const [sent, setSent] = useState(0);
  const upload = useMutation({
    meta: { quiet: true },
    mutationFn: (variables: Upload) => addDataset(variables, setSent),
    onSuccess: () => client.invalidateQueries({ queryKey: datasetQueries.all }),
  });
  return { upload, sent };
}

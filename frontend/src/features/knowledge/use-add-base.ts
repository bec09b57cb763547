import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, unwrap } from "@/lib/api/client";
import { knowledgeQueries } from "@/lib/api/knowledge";
import { contentOf } from "@/lib/uploads";

interface Upload {
  name: string;
  files: File[];
}

async function addBase({ name, files }: Upload) {
  const form = new FormData();
  form.set("name", name);
  for (const file of files) form.append("files", await contentOf(file, "files"), file.name);
  // OpenAPI types a file as a string; the request sends the form.
  const body = { name, files: files.map((file) => file.name) };
  return unwrap(api.POST("/api/v1/knowledge-bases", { body, bodySerializer: () => form }));
}

/** Uploads files as a knowledge base, or as a new version of one. The form shows errors. */
export function useAddBase() {
  const client = useQueryClient();
  return useMutation({
    meta: { quiet: true },
    mutationFn: addBase,
    onSuccess: () => client.invalidateQueries(knowledgeQueries.list()),
  });
}

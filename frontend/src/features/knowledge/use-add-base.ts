import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, unwrap } from "@/lib/api/client";
import { knowledgeQueries } from "@/lib/api/knowledge";
import { fetchWithProgress } from "@/lib/api/upload";
import { contentOf } from "@/lib/uploads";

interface Upload {
  name: string;
  files: File[];
}

async function addBase({ name, files }: Upload, onProgress: (share: number) => void) {
  const form = new FormData();
  form.set("name", name);
  for (const file of files) form.append("files", await contentOf(file, "files"), file.name);
  // OpenAPI types a file as a string; the request sends the form.
  const body = { name, files: files.map((file) => file.name) };
  return unwrap(api.POST("/api/v1/knowledge-bases", { body, bodySerializer: () => form, fetch: fetchWithProgress(onProgress) }));
}

/** Uploads files as a knowledge base, or as a new version of one. The form shows errors, and how much was sent (0 to 1). */
export function useAddBase() {
  const client = useQueryClient();
  const [sent, setSent] = useState(0);
  const upload = useMutation({
    meta: { quiet: true },
    mutationFn: (variables: Upload) => addBase(variables, setSent),
    onSuccess: () => client.invalidateQueries(knowledgeQueries.list()),
  });
  return { upload, sent };
}

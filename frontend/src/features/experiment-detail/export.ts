import { useState } from "react";
import { toast } from "sonner";

import { API_URL, apiKey } from "@/lib/api/address";
import { authHeaders } from "@/lib/api/client";
import { errorOf } from "@/lib/api/errors";
import { ORIGINAL } from "@/lib/api/scorings";
import { whyUnreachable } from "@/lib/api/reach";

export const exportFormats = [
  { format: "json", label: "JSON" },
  { format: "jsonl", label: "JSONL, one run per line" },
  { format: "csv", label: "CSV" },
  { format: "parquet", label: "Parquet" },
] as const;

type ExportFormat = (typeof exportFormats)[number]["format"];

/** Downloads all runs of an experiment, with the scores of one of its scorings. */
export function useExport(id: string, scoring: string) {
  const [busy, setBusy] = useState(false);
  const start = async (format: ExportFormat) => {
    const url = `${API_URL}/api/v1/results/${id}/export?format=${format}${scoring === ORIGINAL ? "" : `&scoring=${encodeURIComponent(scoring)}`}`;
    const name = `experiment-${id}.${format}`;
    if (!apiKey()) {
      save(url, name); // the browser streams it to disk, however large
      return;
    }
    setBusy(true);
    try {
      const response = await fetch(url, { headers: authHeaders() }).catch(async () => {
        throw await whyUnreachable();
      });
      if (!response.ok) throw errorOf(response.status, await response.json().catch(() => null));
      const file = URL.createObjectURL(await response.blob());
      save(file, name);
      setTimeout(() => URL.revokeObjectURL(file), 60_000);
    } catch (error) {
      toast.error(error instanceof Error ? error.message : "The export failed.");
    } finally {
      setBusy(false);
    }
  };
  return { busy, start };
}

function save(url: string, name: string) {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}

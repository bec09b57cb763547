import { useState } from "react";
import { toast } from "sonner";

import { download } from "@/lib/api/download";
import { ORIGINAL } from "@/lib/api/scorings";

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
    setBusy(true);
    try {
      const chosen = scoring === ORIGINAL ? "" : `&scoring=${encodeURIComponent(scoring)}`;
      await download(`/api/v1/results/${id}/export?format=${format}${chosen}`, `experiment-${id}.${format}`);
    } catch (error) {
      toast.error(error instanceof Error ? error.message : "The export failed.");
    } finally {
      setBusy(false);
    }
  };
  return { busy, start };
}

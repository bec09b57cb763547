import { useState } from "react";
import { toast } from "sonner";

import { download } from "./download";
import { ORIGINAL } from "./scorings";

export const exportFormats = [
  { format: "json", label: "JSON" },
  { format: "jsonl", label: "JSONL, one run per line" },
  { format: "csv", label: "CSV" },
  { format: "parquet", label: "Parquet" },
] as const;

export type ExportFormat = (typeof exportFormats)[number]["format"];

/** Lets the browser save all runs of an experiment, with the scores of one of its scorings. */
export async function downloadRuns(id: string, format: ExportFormat, scoring: string = ORIGINAL): Promise<void> {
  const chosen = scoring === ORIGINAL ? "" : `&scoring=${encodeURIComponent(scoring)}`;
  await download(`/api/v1/results/${id}/export?format=${format}${chosen}`, `experiment-${id}.${format}`);
}

/** Downloads all runs of an experiment; says whether it is at work. */
export function useExport(id: string, scoring: string) {
  const [busy, setBusy] = useState(false);
  const start = async (format: ExportFormat) => {
    setBusy(true);
    try {
      await downloadRuns(id, format, scoring);
    } catch (error) {
      toast.error(error instanceof Error ? error.message : "The export failed.");
    } finally {
      setBusy(false);
    }
  };
  return { busy, start };
}

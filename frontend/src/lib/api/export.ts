import { useState } from "react";
import { toast } from "sonner";

import { API_URL, apiKey } from "./address";
import { authHeaders } from "./client";
import { errorOf } from "./errors";
import { whyUnreachable } from "./reach";
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
  const url = `${API_URL}/api/v1/results/${id}/export?format=${format}${scoring === ORIGINAL ? "" : `&scoring=${encodeURIComponent(scoring)}`}`;
  const name = `experiment-${id}.${format}`;
  if (!apiKey()) {
    save(url, name); // the browser streams it to disk, however large
    return;
  }
  const response = await fetch(url, { headers: authHeaders() }).catch(async () => {
    throw await whyUnreachable();
  });
  if (!response.ok) throw errorOf(response.status, await response.json().catch(() => null));
  const file = URL.createObjectURL(await response.blob());
  save(file, name);
  setTimeout(() => URL.revokeObjectURL(file), 60_000);
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

function save(url: string, name: string) {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}

import { useState } from "react";
import { toast } from "sonner";

import { download } from "./download";
import { ORIGINAL } from "./scorings";

interface FormatGroup {
  label: string;
  formats: readonly { format: string; label: string; ending: string }[];
}

/** The formats of exports: everything that is stored, or what the log of another harness has fields for. */
export const exportFormats = [
  {
    label: "Everything",
    formats: [
      { format: "json", label: "JSON", ending: "json" },
      { format: "jsonl", label: "JSONL, one run per line", ending: "jsonl" },
      { format: "csv", label: "CSV", ending: "csv" },
      { format: "parquet", label: "Parquet", ending: "parquet" },
    ],
  },
  {
    label: "Log of another harness",
    formats: [
      { format: "inspect", label: "Inspect (.eval)", ending: "eval" },
      { format: "lm-eval", label: "lm-evaluation-harness (.zip)", ending: "zip" },
      { format: "promptfoo", label: "promptfoo (.json)", ending: "json" },
      { format: "openai-evals", label: "OpenAI evals (.jsonl)", ending: "jsonl" },
    ],
  },
] as const satisfies readonly FormatGroup[];

export type ExportFormat = (typeof exportFormats)[number]["formats"][number]["format"];

/** The name of the file of an export. */
export function exportName(id: string, format: ExportFormat): string {
  const all: FormatGroup["formats"] = exportFormats.flatMap(({ formats }) => [...formats]);
  return `experiment-${id}.${all.find((one) => one.format === format)?.ending ?? format}`;
}

/** Lets the browser save all runs of an experiment, with the scores of one of its scorings. */
export async function downloadRuns(id: string, format: ExportFormat, scoring: string = ORIGINAL): Promise<void> {
  const chosen = scoring === ORIGINAL ? "" : `&scoring=${encodeURIComponent(scoring)}`;
  await download(`/api/v1/results/${id}/export?format=${format}${chosen}`, exportName(id, format));
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

import type { Schemas } from "@/lib/api/client";
import { formatCount, formatPercent, plural } from "@/lib/format";

type Scoring = Schemas["ScoringOut"];

/** What a scoring does, in words: the scorers it adds, how it reads answers, and whose accepted answers count. */
export function describeRequest({ request, dataset_version }: Pick<Scoring, "request" | "dataset_version">): string {
  const scorers = Object.keys(request.scorers ?? {});
  const parts = [
    scorers.length > 0 && `scorers ${scorers.join(", ")}`,
    request.parser && `answers read as ${request.parser.replaceAll("_", " ")}`,
    request.faithfulness && `judge ${request.faithfulness.judge}`,
    request.dataset_version && `accepted answers of version ${dataset_version}`,
  ];
  return parts.filter(Boolean).join("; ") || "the scorers of this version";
}

/** Where a scoring is, or what it lacks. */
export function describeState({ status, done, total, missing, reason }: Pick<Scoring, "status" | "done" | "total" | "missing" | "reason">): string {
  if (status === "PENDING") return "waits for a worker";
  if (status === "RUNNING") return `${formatCount(done)} of ${plural(total, "run")}`;
  if (status === "FAILED") return reason ?? "failed";
  return missing > 0 ? `lacks ${plural(missing, "run")} that were retried since` : plural(done, "run");
}

/** The change of one score: before, after, and how many runs went which way. */
export function describeChange(change: Schemas["ScoreChange"]): string {
  const moved = [change.raised > 0 && `${formatCount(change.raised)} higher`, change.lowered > 0 && `${formatCount(change.lowered)} lower`].filter(Boolean).join(", ");
  const after = formatPercent(change.after);
  if (change.before === null) return `${after} (new)`;
  return `${formatPercent(change.before)} → ${after}${moved === "" ? ", no run changed" : `, ${moved}`}`;
}

/** The body of a request for a scoring, from the form; `null` if it would ask for nothing. */
export function requestOf(parser: string, scorer: string): Schemas["ScoringCreate"] | null {
  if (parser === "" && scorer === "") return null;
  return {
    ...(scorer === "" ? {} : { scorers: { [scorer]: {} } }),
    ...(parser === "" ? {} : { parser: parser as NonNullable<Schemas["ScoringCreate"]["parser"]> }),
  };
}

import type { Schemas } from "@/lib/api/client";
import { plural } from "@/lib/format";

import { pairedWithBaseline } from "./ranking";

/** What makes the experiments less comparable; which questions are not paired is folded where that are many lines. */
export function Notes({ comparison }: { comparison: Schemas["ComparisonOut"] }) {
  const { warnings, experiments } = comparison;
  const unpaired = comparison.unpaired.map(({ message }) => message).filter((message) => message !== "");
  const alone = experiments.length - pairedWithBaseline(comparison).size;
  if (warnings.length + unpaired.length === 0) return null;
  return (
    <div role="status" className="rounded-lg border border-warn/30 bg-warn/8 px-4 py-2.5 text-ink">
      {alone > 0 && (
        <p className="font-medium">
          {alone === experiments.length - 1 ? "No question is shared with the baseline" : `${plural(alone, "experiment")} share no question with the baseline`}: their scores are of different
          questions, and nothing is compared question by question.
        </p>
      )}
      {[...warnings, ...(unpaired.length === 1 ? unpaired : [])].map((message) => (
        <p key={message}>{message}</p>
      ))}
      {unpaired.length > 1 && (
        <details>
          <summary className="cursor-pointer rounded-sm">Questions that are not paired, in {plural(unpaired.length, "comparison")}</summary>
          <ul className="mt-1 text-xs">
            {unpaired.map((message) => (
              <li key={message}>{message}</li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

import { prepareAttribution, totalOf } from "@/components/retrieval/attribution-prepare";
import type { Schemas } from "@/lib/api/client";
import { type AttributionOutcome, attributionOutcomes } from "@/lib/metrics";

import { letterOf } from "./prepare";

interface AttributionRow extends AttributionOutcome {
  /** In the order of the columns; the share is null in a column without any attributed answer. */
  cells: { count: number; share: number | null }[];
}

interface AttributionColumn {
  letter: string;
  name: string;
  total: number;
}

/** The answer attribution of experiments with retrieval: a column for each experiment, a row for each outcome. */
export function prepareAttributionTable({ experiments }: Pick<Schemas["ComparisonOut"], "experiments">): { columns: AttributionColumn[]; rows: AttributionRow[] } {
  const found = experiments.flatMap(({ name, metrics: { attribution } }, index) =>
    attribution ? [{ letter: letterOf(index), name, total: totalOf(attribution), parts: prepareAttribution(attribution) }] : [],
  );
  return {
    columns: found.map(({ letter, name, total }) => ({ letter, name, total })),
    rows: attributionOutcomes.map((outcome, at) => ({
      ...outcome,
      cells: found.map(({ total, parts }) => ({ count: parts[at]?.count ?? 0, share: total > 0 ? (parts[at]?.share ?? 0) : null })),
    })),
  };
}

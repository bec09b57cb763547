import { type Fate, fates, prepareAttribution, totalOf } from "@/components/retrieval/attribution-prepare";
import type { Schemas } from "@/lib/api/client";

import { letterOf } from "./prepare";

export interface FateRow {
  fate: Fate;
  label: string;
  right: boolean;
  meaning: string;
  /** In the order of the columns; a share of none is unknown. */
  cells: { count: number; share: number | null }[];
}

interface FateColumn {
  letter: string;
  name: string;
  total: number;
}

/** The experiments that retrieved, and what became of their answers, a row an outcome. */
export function prepareFates({ experiments }: Pick<Schemas["ComparisonOut"], "experiments">): { columns: FateColumn[]; rows: FateRow[] } {
  const found = experiments.flatMap(({ name, metrics: { attribution } }, index) =>
    attribution ? [{ letter: letterOf(index), name, total: totalOf(attribution), parts: prepareAttribution(attribution) }] : [],
  );
  return {
    columns: found.map(({ letter, name, total }) => ({ letter, name, total })),
    rows: fates.map((one, at) => ({
      ...one,
      cells: found.map(({ total, parts }) => ({ count: parts[at]?.count ?? 0, share: total > 0 ? (parts[at]?.share ?? 0) : null })),
    })),
  };
}

import type { Column } from "@/components/experiment/experiment-table";

/** The columns that can be shown besides the fixed ones, in their order. */
export const columnChoices: readonly { column: Column; label: string }[] = [
  { column: "latency_p50_ms", label: "Latency p50" },
  { column: "latency_p95_ms", label: "Latency p95" },
  { column: "tokens_per_answer", label: "Tokens per answer" },
  { column: "cost_usd", label: "Cost" },
  { column: "seed", label: "Seed" },
  { column: "created_at", label: "Created" },
  { column: "finished_at", label: "Finished" },
];

export const defaultColumns: readonly Column[] = ["latency_p50_ms", "cost_usd", "created_at"];

/** The columns with one of them shown or hidden, in their order. */
export function withColumn(columns: readonly Column[], column: Column, on: boolean): Column[] {
  return columnChoices.map((choice) => choice.column).filter((one) => (one === column ? on : columns.includes(one)));
}

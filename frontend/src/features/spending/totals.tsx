import type { Schemas } from "@/lib/api/client";
import { formatCount, plural } from "@/lib/format";

import { moneyText, NOT_KNOWN } from "./prepare";

/** The sums of the period. */
export function SpendingTotals({ total }: { total: Schemas["SpendingSums"] }) {
  const tokens = total.prompt_tokens + total.completion_tokens;
  const cells: { label: string; value: string; note: string }[] = [
    {
      label: "Cost",
      value: moneyText(total.usd),
      note: total.runs_without_price > 0 ? `${plural(total.runs_without_price, "run")} ${NOT_KNOWN}` : "",
    },
    { label: "Calls", value: formatCount(total.calls), note: `${plural(total.runs, "run")}, ${formatCount(total.runs_from_cache)} from the cache` },
    {
      label: "Tokens",
      value: tokens === 0 && total.runs_without_tokens > 0 ? NOT_KNOWN : formatCount(tokens),
      note: total.runs_without_tokens > 0 ? `${plural(total.runs_without_tokens, "run")} ${NOT_KNOWN}` : "",
    },
    { label: "Saved by the cache", value: moneyText(total.saved_usd), note: "" },
  ];
  return (
    <dl className="grid grid-cols-2 overflow-hidden rounded-lg border md:grid-cols-4">
      {cells.map(({ label, value, note }) => (
        <div key={label} className="-mt-px -ml-px border-t border-l px-4 py-3">
          <dt className="text-xs">{label}</dt>
          <dd className="font-serif text-3xl leading-9 text-ink">{value}</dd>
          <dd className="min-h-4 text-xs leading-4">{note}</dd>
        </div>
      ))}
    </dl>
  );
}

import { Skeleton } from "@/components/ui/skeleton";
import type { Schemas } from "@/lib/api/client";
import { formatCount } from "@/lib/format";

/** The totals of the platform. */
export function Totals({ totals }: { totals: Schemas["OverviewOut"] | undefined }) {
  const cells: [string, number | undefined, string?][] = [
    ["Experiments", totals?.experiments, totals && `${formatCount(totals.by_status.COMPLETED ?? 0)} completed`],
    ["Runs stored", totals?.runs, totals && `${formatCount(totals.failed_runs)} failed`],
    ["Datasets", totals?.datasets],
    ["Models ready", totals?.models_ready],
  ];
  return (
    <dl className="grid grid-cols-2 overflow-hidden rounded-lg border md:grid-cols-4">
      {cells.map(([label, value, note]) => (
        <div key={label} className="-mt-px -ml-px border-t border-l px-4 py-3">
          <dt className="text-xs">{label}</dt>
          <dd className="h-9 font-serif text-3xl leading-9 text-ink">
            {value === undefined ? <Skeleton className="mt-1.5 h-6 w-16" /> : formatCount(value)}
          </dd>
          <dd className="h-4 text-xs leading-4">{note}</dd>
        </div>
      ))}
    </dl>
  );
}

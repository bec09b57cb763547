import { IntervalBar } from "@/components/charts/interval-bar";
import { Skeleton } from "@/components/ui/skeleton";
import type { Schemas } from "@/lib/api/client";
import { formatInterval, formatPercent } from "@/lib/format";
import { amountCards, type ScoreGroup, scoreGroups } from "@/lib/metrics";
import { cn } from "@/lib/utils";

import { EstimateNote } from "./estimate-note";

/** More scores than this in a group have smaller cards. */
const MAX_LARGE = 3;

interface MetricCardsProps {
  metrics: Schemas["Metrics"] | undefined;
  /** The result could not be loaded. */
  missing: boolean;
}

/** The figures of a result as the API describes them: scores with their intervals, then all others. */
export function MetricCards({ metrics, missing }: MetricCardsProps) {
  if (missing && !metrics) return null;
  if (!metrics) {
    return (
      <div role="status" aria-label="Loading the metrics" className="flex flex-col gap-3">
        <Skeleton className="h-32 w-full rounded-lg" />
        <Skeleton className="h-21 w-full rounded-lg" />
      </div>
    );
  }
  const groups = scoreGroups(metrics);
  const amounts = amountCards(metrics);
  return (
    <div className="overflow-hidden rounded-lg border">
      {groups.map(({ group, label, figures }, index) => {
        const small = figures.length > MAX_LARGE;
        return (
          <section key={group} aria-label={label} className={index > 0 ? "border-t" : undefined}>
            {groups.length > 1 && <h3 className="px-4 pt-3 font-sans text-xs font-medium">{label}</h3>}
            <dl className={cn("grid overflow-hidden", small ? "grid-cols-2 sm:grid-cols-3 xl:grid-cols-6" : "sm:grid-cols-3")}>
              {figures.map((figure) => (
                <Score key={figure.name} figure={figure} small={small} />
              ))}
            </dl>
          </section>
        );
      })}
      <dl className={cn("grid grid-cols-2 border-t", amounts.length > 6 ? "md:grid-cols-4 lg:grid-cols-7" : "md:grid-cols-3 lg:grid-cols-6")}>
        {amounts.map(({ label, help, value, caption, others, notes }) => (
          <div key={label} className="num -mt-px -ml-px min-w-0 border-t border-l px-4 py-3 text-xs">
            <dt title={help}>{label}</dt>
            <dd>
              <span className="text-base font-medium text-ink">{value}</span> {caption}
            </dd>
            {others.length > 0 && <dd>{others.join(", ")}</dd>}
            {notes.map((note) => (
              <dd key={note}>{note}</dd>
            ))}
          </div>
        ))}
      </dl>
    </div>
  );
}

function Score({ figure, small }: { figure: ScoreGroup["figures"][number]; small: boolean }) {
  const { label, value, low, high, n, basis, note, help } = figure;
  return (
    <div className="-mt-px -ml-px border-t border-l px-4 py-4">
      <dt className="text-xs" title={help}>
        {label}
      </dt>
      <dd className="mt-0.5 flex flex-wrap items-baseline gap-x-2">
        <span className={cn("font-serif text-ink", small ? "text-2xl leading-8" : "text-4xl leading-11")}>{formatPercent(value)}</span>
        <EstimateNote estimate={{ level: 0.95, method: basis, n: n ?? 0 }} interval={formatInterval(low, high)} over="answered runs" />
      </dd>
      <dd className="mt-1.5">
        <IntervalBar value={value} low={low} high={high} />
      </dd>
      <dd className="num mt-1.5 min-h-4 text-xs">
        {!small && help} {note && `${note}.`}
      </dd>
    </div>
  );
}

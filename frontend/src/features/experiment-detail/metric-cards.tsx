import { IntervalBar } from "@/components/charts/interval-bar";
import { Skeleton } from "@/components/ui/skeleton";
import type { Schemas } from "@/lib/api/client";
import { formatInterval } from "@/lib/format";
import { type EstimatedFigure, estimateGroups, figureCards, formatFigure } from "@/lib/metrics";
import { cn } from "@/lib/utils";

import { EstimateNote } from "./estimate-note";

type Metrics = Schemas["Metrics"];

interface MetricCardsProps {
  metrics: Metrics | undefined;
  /** The result could not be loaded. */
  missing: boolean;
}

/** Scores with their intervals, then latency, tokens, cost and failures. */
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
  const groups = estimateGroups(metrics);
  return (
    <div className="overflow-hidden rounded-lg border">
      {groups.map(({ group, label, figures }, index) => (
        <section key={group} aria-label={label} className={index > 0 ? "border-t" : undefined}>
          {groups.length > 1 && <h2 className="px-4 pt-3 font-sans text-xs font-medium">{label}</h2>}
          <dl className={cn("grid overflow-hidden", index === 0 || figures.length < 4 ? "grid-cols-[repeat(auto-fit,minmax(min(100%,14rem),1fr))]" : "grid-cols-2 sm:grid-cols-3 xl:grid-cols-6")}>
            {figures.map((figure) => (
              <Estimate key={figure.name} figure={figure} small={index > 0 && figures.length > 3} />
            ))}
          </dl>
        </section>
      ))}
      <dl className="grid grid-cols-[repeat(auto-fit,minmax(9.5rem,1fr))] overflow-hidden border-t">
        {figureCards(metrics).map(({ label, value, note }) => (
          <div key={label} className="-mt-px -ml-px border-t border-l px-4 py-3">
            <dt className="text-xs">{label}</dt>
            <dd className="num text-base font-medium text-ink">{value}</dd>
            <dd className="num text-xs">{note}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

function Estimate({ figure, small }: { figure: EstimatedFigure; small: boolean }) {
  const { label, value, low, high, n, basis, note, help, format } = figure;
  return (
    <div className="-mt-px -ml-px border-t border-l px-4 py-4" title={help}>
      <dt className="text-xs">{label}</dt>
      <dd className="mt-0.5 flex flex-wrap items-baseline gap-x-2">
        <span className={cn("font-serif text-ink", small ? "text-2xl leading-8" : "text-4xl leading-11")}>{formatFigure(value, figure)}</span>
        <EstimateNote
          of={label}
          estimate={{ n, method: basis }}
          interval={format === "share" ? formatInterval(low, high) : `[${formatFigure(low, figure)}, ${formatFigure(high, figure)}]`}
          over="answered runs"
        />
      </dd>
      {format === "share" && (
        <dd className="mt-1.5">
          <IntervalBar value={value} low={low} high={high} />
        </dd>
      )}
      <dd className="num mt-1.5 min-h-4 text-xs">{note}</dd>
    </div>
  );
}

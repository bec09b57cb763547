import { IntervalBar } from "@/components/charts/interval-bar";
import { Skeleton } from "@/components/ui/skeleton";
import type { Schemas } from "@/lib/api/client";
import { formatInterval, formatPercent, plural } from "@/lib/format";
import { formatQuantity, quantityCards, type ScoreCard, scoreCards } from "@/lib/metrics";
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
  const groups = scoreCards(metrics);
  const amounts = quantityCards(metrics);
  return (
    <div className="overflow-hidden rounded-lg border">
      {groups.map(({ group, label, cards }, index) => (
        <section key={group} aria-label={label} className={index > 0 ? "border-t" : undefined}>
          {groups.length > 1 && <h3 className="px-4 pt-3 font-sans text-xs font-medium">{label}</h3>}
          <dl className={cn("grid overflow-hidden", group === "answer" || cards.length < 4 ? "sm:grid-cols-3" : "grid-cols-2 sm:grid-cols-3 xl:grid-cols-6")}>
            {cards.map((card) => (
              <Score key={card.description.name} card={card} />
            ))}
          </dl>
        </section>
      ))}
      <dl className={cn("grid grid-cols-2 border-t", amounts.length > 6 ? "md:grid-cols-4 lg:grid-cols-7" : "md:grid-cols-3 lg:grid-cols-6")}>
        {amounts.map(({ label, unit, of, note }) => (
          <div key={label} className="-mt-px -ml-px border-t border-l px-4 py-3">
            <dt className="text-xs">{label}</dt>
            <dd className="num text-base font-medium text-ink">{formatQuantity(of(metrics), unit)}</dd>
            <dd className="num text-xs">{note(metrics)}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

function Score({ card }: { card: ScoreCard }) {
  const { description, value, low, high, unscored = 0, if_failed_were_wrong = value } = card;
  const small = description.group === "retrieval";
  return (
    <div className="-mt-px -ml-px border-t border-l px-4 py-4">
      <dt className="text-xs">{description.label}</dt>
      <dd className="mt-0.5 flex flex-wrap items-baseline gap-x-2">
        <span className={cn("font-serif text-ink", small ? "text-2xl leading-8" : "text-4xl leading-11")}>{formatPercent(value)}</span>
        <EstimateNote estimate={card} interval={formatInterval(low, high)} over="answered runs" />
      </dd>
      <dd className="mt-1.5">
        <IntervalBar value={value} low={low} high={high} />
      </dd>
      <dd className="num mt-1.5 min-h-4 text-xs">
        {unscored > 0 && `${plural(unscored, "run")} without this score. `}
        {/* A question that retrieval cannot be scored for has not failed. */}
        {!small && value - if_failed_were_wrong > 0.0005 && `${formatPercent(if_failed_were_wrong)} if failed runs count as wrong. `}
        {description.note}
      </dd>
    </div>
  );
}

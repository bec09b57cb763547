import { IntervalBar } from "@/components/charts/interval-bar";
import { Skeleton } from "@/components/ui/skeleton";
import type { Schemas } from "@/lib/api/client";
import { formatCost, formatCount, formatDuration, formatInterval, formatName, formatNumber, formatPercent } from "@/lib/format";
import type { ScoreGroup } from "@/lib/scores";
import { cn } from "@/lib/utils";

import { EstimateNote } from "./estimate-note";
import { groupScores } from "./prepare";

type Metrics = Schemas["Metrics"];

const titles: Record<ScoreGroup, string> = { answer: "Answers", retrieval: "Retrieval", faithfulness: "Faithfulness to what was retrieved" };

interface MetricCardsProps {
  metrics: Metrics | undefined;
  /** There is no result, and there will be none. */
  missing: boolean;
}

/** Scores with their intervals, then speed, tokens, cost and failures. */
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
  const scoreGroups = groupScores(cardsOf(metrics));
  return (
    <div className="overflow-hidden rounded-lg border">
      {scoreGroups.map(({ group, scores }, index) => (
        <section key={group} aria-label={titles[group]} className={index > 0 ? "border-t" : undefined}>
          {scoreGroups.length > 1 && <h3 className="px-4 pt-3 font-sans text-xs font-medium">{titles[group]}</h3>}
          <dl className={cn("grid overflow-hidden", group === "answer" || scores.length < 4 ? "sm:grid-cols-3" : "grid-cols-2 sm:grid-cols-3 xl:grid-cols-6")}>
            {scores.map(([name, score]) => (
              <ScoreCard key={name} name={name} score={score} small={group === "retrieval"} />
            ))}
          </dl>
        </section>
      ))}
      <dl className="grid grid-cols-2 border-t md:grid-cols-3 lg:grid-cols-6">
        {facts(metrics).map(([label, value, note]) => (
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

/** A score as its card shows it; shares of another kind have no runs without it. */
type Card = Schemas["Estimate"] & Partial<Pick<Schemas["ScoreStatistics"], "unscored" | "if_failed_were_wrong">>;

/** The scores, and the share of answers that no passage bears out beside those of faithfulness. */
function cardsOf({ scores, hallucination_rate }: Metrics): Record<string, Card> {
  return hallucination_rate === null ? scores : { ...scores, hallucination_rate };
}

function ScoreCard({ name, score, small }: { name: string; score: Card; small: boolean }) {
  const { unscored = 0, if_failed_were_wrong = score.value } = score;
  return (
    <div className="-mt-px -ml-px border-t border-l px-4 py-4">
      <dt className="text-xs">{formatName(name)}</dt>
      <dd className="mt-0.5 flex flex-wrap items-baseline gap-x-2">
        <span className={cn("font-serif text-ink", small ? "text-2xl leading-8" : "text-4xl leading-11")}>{formatPercent(score.value)}</span>
        <EstimateNote estimate={score} interval={formatInterval(score.low, score.high)} over="answered runs" />
      </dd>
      <dd className="mt-1.5">
        <IntervalBar {...score} />
      </dd>
      <dd className="num mt-1.5 min-h-4 text-xs">
        {unscored > 0 && `${formatCount(unscored)} without this score. `}
        {/* Questions that retrieval cannot be judged by have not failed. */}
        {!small && score.value - if_failed_were_wrong > 0.0005 && `${formatPercent(if_failed_were_wrong)} if what failed counted as wrong.`}
        {name === "hallucination_rate" && "Judged answers that are less than half borne out."}
      </dd>
    </div>
  );
}

function facts({ counts, latency_ms, throughput_per_s, tokens, cost_usd, wall_s }: Metrics): [string, string, string][] {
  const failures = Object.entries(counts.failures).map(([kind, count]) => `${formatName(kind).toLowerCase()} ${count}`);
  if (counts.missing > 0) failures.push(`${formatCount(counts.missing)} not run`);
  return [
    ["Latency p50", formatDuration(latency_ms.p50), `p99 ${formatDuration(latency_ms.p99)}`],
    ["Latency p95", formatDuration(latency_ms.p95), `n = ${formatCount(latency_ms.n)} uncached`],
    ["Throughput", throughput_per_s === null ? "–" : `${formatNumber(throughput_per_s)} / s`, `${formatDuration(wall_s === null ? null : wall_s * 1000)} in all`],
    ["Tokens", formatCount((tokens.prompt ?? 0) + (tokens.completion ?? 0)), `${formatCount(tokens.prompt)} in, ${formatCount(tokens.completion)} out`],
    ["Cost", formatCost(cost_usd.total), cost_usd.per_1000_runs === null ? "no price known" : `${formatCost(cost_usd.per_1000_runs)} per 1,000`],
    [
      "Failed",
      formatCount(counts.failed),
      failures.join(", ") || (counts.cached > 0 ? `${formatCount(counts.cached)} from cache` : `${formatCount(counts.retried)} retried`),
    ],
  ];
}

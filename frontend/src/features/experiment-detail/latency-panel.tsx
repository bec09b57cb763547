"use client";

import { useQuery } from "@tanstack/react-query";
import { quantile } from "d3-array";
import { useMemo } from "react";

import { ChartPanel } from "@/components/charts/chart-panel";
import { Histogram } from "@/components/charts/histogram";
import { prepareHistogram } from "@/components/charts/histogram-prepare";
import { RunMark } from "@/components/run/run-mark";
import { Panel } from "@/components/ui/panel";
import { Skeleton } from "@/components/ui/skeleton";
import { resultQueries } from "@/lib/api/queries";
import { formatDuration, plural } from "@/lib/format";
import { PRIMARY_SCORE } from "@/lib/metrics";
import { cn } from "@/lib/utils";

const EXTREMES = 5;

interface LatencyPanelProps {
  id: string;
  latencies: (number | null)[];
  live: boolean;
  /** Of the model alone: in results from before retrieval and tools were part of it. */
  modelOnly: boolean;
  onSelect: (runId: number) => void;
}

/** A histogram of latencies, and the fastest and slowest runs. */
export function LatencyPanel({ id, latencies, live, modelOnly, onSelect }: LatencyPanelProps) {
  const data = useMemo(() => prepareHistogram(latencies), [latencies]);
  if (data.n === 0) return null;
  return (
    <div className={cn("grid min-w-0 items-stretch gap-5", !live && "lg:grid-cols-[minmax(0,7fr)_minmax(0,5fr)]")}>
      <ChartPanel file="latency" title="Latency" hint={`Of ${plural(data.n, "answered, uncached run")}: ${modelOnly ? "the model alone, without retrieval and tools" : "model, retrieval and tools"}; waiting in our own queue is not included.`}>
        <Histogram
          data={data}
          label="Latency"
          marks={[
            { label: "p50", value: quantile(latencies, 0.5) },
            { label: "p95", value: quantile(latencies, 0.95) },
          ]}
        />
      </ChartPanel>
      {!live && (
        <Panel title="Fastest and slowest" flush>
          {data.n > 2 * EXTREMES ? (
            <>
              <Extremes id={id} sort="latency_ms" limit={EXTREMES} onSelect={onSelect} label="Fastest" />
              <Extremes id={id} sort="-latency_ms" limit={EXTREMES} onSelect={onSelect} label="Slowest" />
            </>
          ) : (
            <Extremes id={id} sort="-latency_ms" limit={data.n} onSelect={onSelect} label="Slowest first" />
          )}
        </Panel>
      )}
    </div>
  );
}

interface ExtremesProps extends Pick<LatencyPanelProps, "id" | "onSelect"> {
  sort: "latency_ms" | "-latency_ms";
  /** How many runs. */
  limit: number;
  label: string;
}

function Extremes({ id, sort, limit, onSelect, label }: ExtremesProps) {
  const { data } = useQuery(resultQueries.runs(id, { sort, limit }));
  return (
    <section aria-label={label} className="border-b last:border-b-0">
      <h3 className="px-4 pt-2 font-sans text-xs font-medium">{label}</h3>
      <ul className="pb-1.5">
        {(data?.items ?? Array.from({ length: limit }, () => null)).map((run, index) =>
          run ? (
            <li key={run.id}>
              <button
                type="button"
                onClick={() => onSelect(run.id)}
                className="flex h-6.5 w-full items-center gap-3 px-4 text-left -outline-offset-2 hover:bg-line/30"
              >
                <span className="num w-18 shrink-0 whitespace-nowrap text-ink">{formatDuration(run.latency_ms)}</span>
                <span dir="auto" className="min-w-0 flex-1 truncate text-xs">{run.question}</span>
                <RunMark status={run.status} value={run.scores[PRIMARY_SCORE]?.value} failure={run.failure_kind} />
              </button>
            </li>
          ) : (
            <li key={index} className="flex h-7 items-center px-4">
              <Skeleton className="h-3.5 w-full" />
            </li>
          ),
        )}
      </ul>
    </section>
  );
}

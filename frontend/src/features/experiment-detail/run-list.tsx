"use client";

import { useInfiniteQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";

import { SelectDataset } from "@/components/data/select-dataset";
import { RunMark } from "@/components/run/run-mark";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Empty, Failure } from "@/components/ui/state";
import type { Schemas } from "@/lib/api/client";
import { resultQueries } from "@/lib/api/queries";
import { formatCost, formatCount, formatDuration, plural } from "@/lib/format";
import { cn } from "@/lib/utils";

import type { GridData } from "./prepare";
import { RunFilterBar } from "./run-filter-bar";
import { runFilters, type RunListState, runQuery, suggestedName } from "./run-filters";

const ROW = 48;
const PAGE = 100;
const LIVE_MS = 4_000;

interface RunListProps {
  id: string;
  score: string;
  scores: readonly string[];
  scoring: string;
  grid: GridData;
  failures: string[];
  /** Name of the dataset, and whether answers were made from passages of a knowledge base. */
  dataset: string;
  retrieves: boolean;
  state: RunListState;
  onState: (change: Partial<RunListState>) => void;
  selected: number | null;
  onSelect: (runId: number) => void;
  live: boolean;
}

/** All runs by filter; only visible rows are rendered, and further pages are loaded on scrolling. */
export function RunList({ id, score, scores, scoring, grid, failures, dataset, retrieves, state, onState, selected, onSelect, live }: RunListProps) {
  const runs = useInfiniteQuery({
    ...resultQueries.runPages(id, { ...runQuery(state, score, scoring), limit: PAGE }),
    refetchInterval: (query) => (live && (query.state.data?.pages.length ?? 0) <= 1 ? LIVE_MS : false),
  });
  const total = runs.data?.pages[0]?.total;
  return (
    <Panel title="Runs" hint={<span role="status">{total === undefined ? " " : plural(total, "run")}</span>} actions={<SelectDataset selection={{ kind: "runs", experiment_id: id, filters: runFilters(state, score, scoring) }} suggestion={suggestedName(dataset, state)} empty={!total} />} flush>
      <RunFilterBar id={id} score={score} scores={scores} scoring={scoring} state={state} counts={grid.counts} failures={failures} retrieves={retrieves} onChange={onState} />
      {runs.data ? (
        total === 0 ? (
          <Empty title="No runs">No run matches these filters.</Empty>
        ) : (
          <Rows
            key={JSON.stringify(state)}
            rows={runs.data.pages.flatMap((page) => page.items)}
            sort={state.sort}
            score={score}
            selected={selected}
            onSelect={onSelect}
            onEnd={() => {
              if (runs.hasNextPage && !runs.isFetchingNextPage) void runs.fetchNextPage();
            }}
          />
        )
      ) : runs.error ? (
        <Failure error={runs.error} what="the runs" onRetry={() => void runs.refetch()} />
      ) : (
        <SkeletonRows rows={10} className="h-12" />
      )}
    </Panel>
  );
}

interface RowsProps {
  rows: Schemas["RunSummary"][];
  sort: RunListState["sort"];
  score: string;
  selected: number | null;
  onSelect: (runId: number) => void;
  onEnd: () => void;
}

function Rows({ rows, sort, score, selected, onSelect, onEnd }: RowsProps) {
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => ROW, overscan: 6 });
  const items = virtual.getVirtualItems();
  const atEnd = (items.at(-1)?.index ?? 0) >= rows.length - 10;
  useEffect(() => {
    if (atEnd) onEnd();
  });
  return (
    <div ref={box} className="max-h-[min(640px,calc(100dvh-16rem))] min-h-60 overflow-y-auto">
      <ul className="relative" style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const run = rows[item.index];
          return (
            run && (
              <li key={run.id} className="absolute inset-x-0 top-0 border-b" style={{ height: ROW, transform: `translateY(${item.start}px)` }}>
                <button
                  type="button"
                  aria-current={run.id === selected ? "true" : undefined}
                  onClick={() => onSelect(run.id)}
                  className={cn(
                    "grid h-full w-full grid-cols-[minmax(0,1fr)_auto] content-center items-center gap-x-3 px-4 text-start leading-4.5 transition-colors -outline-offset-2 hover:bg-line/30",
                    run.id === selected && "bg-line/60",
                  )}
                >
                  <span dir="auto" className="truncate text-ink">{run.question}</span>
                  <RunMark status={run.status} value={run.scores[score]?.value} failure={run.failure_kind} />
                  <span className="truncate text-xs">
                    <bdi>{run.status === "failed" ? run.failure_message : (run.answer ?? "no answer")}</bdi>
                    <span>
                      {" · expected "}
                      <bdi>{run.gold[0]}</bdi>
                    </span>
                    {run.repeat > 0 && <span> · repeat {run.repeat + 1}</span>}
                  </span>
                  <span className="num text-right text-xs">{sortedBy(run, sort)}</span>
                </button>
              </li>
            )
          );
        })}
      </ul>
    </div>
  );
}

/** The value that the list is sorted by, where the row does not show it anyway. */
function sortedBy(run: Schemas["RunSummary"], sort: RunListState["sort"]): string {
  switch (sort.replace("-", "")) {
    case "latency_ms":
      return formatDuration(run.latency_ms);
    case "tokens":
      return run.prompt_tokens === null || run.completion_tokens === null ? "–" : plural(run.prompt_tokens + run.completion_tokens, "token");
    case "cost_usd":
      return formatCost(run.cost_usd);
    case "output_length":
      return run.output_length === null ? "–" : `${formatCount(run.output_length)} characters`;
    default:
      return "";
  }
}

"use client";

import { useInfiniteQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { parseAsStringLiteral, useQueryState } from "nuqs";
import { useEffect, useRef } from "react";

import { RunMark } from "@/components/run/run-mark";
import { Panel } from "@/components/ui/panel";
import { Segmented } from "@/components/ui/segmented";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Empty, Failure } from "@/components/ui/state";
import type { Schemas } from "@/lib/api/client";
import { resultQueries } from "@/lib/api/queries";
import { plural } from "@/lib/format";
import { cn } from "@/lib/utils";

const filters = ["all", "wrong", "correct", "failed", "cached", "unscored"] as const;
const labels = { all: "All", wrong: "Wrong", correct: "Right", failed: "Failed", cached: "Cached", unscored: "Unscored" };
const ROW = 64;
const PAGE = 100;
const LIVE_MS = 4_000;

interface RunListProps {
  id: string;
  score: string;
  selected: number | null;
  onSelect: (runId: number) => void;
  live: boolean;
}

/** All runs by filter; only visible rows are rendered, and further pages are loaded on scrolling. */
export function RunList({ id, score, selected, onSelect, live }: RunListProps) {
  const [filter, setFilter] = useQueryState("filter", parseAsStringLiteral(filters).withDefault("all"));
  const runs = useInfiniteQuery({
    ...resultQueries.runPages(id, { filter, limit: PAGE }),
    refetchInterval: (query) => (live && (query.state.data?.pages.length ?? 0) <= 1 ? LIVE_MS : false),
  });
  const total = runs.data?.pages[0]?.total;
  return (
    <Panel
      title="Runs"
      hint={total === undefined ? " " : plural(total, "run")}
      flush
      actions={
        <Segmented
          label="Filter"
          value={filter}
          onChange={(next) => void setFilter(next)}
          options={filters.map((value) => ({ value, label: labels[value] }))}
        />
      }
    >
      {runs.data ? (
        total === 0 ? (
          <Empty title="No runs">No run matches this filter.</Empty>
        ) : (
          <Rows
            key={filter}
            rows={runs.data.pages.flatMap((page) => page.items)}
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
        <SkeletonRows rows={8} className="h-16" />
      )}
    </Panel>
  );
}

interface RowsProps {
  rows: Schemas["RunSummary"][];
  score: string;
  selected: number | null;
  onSelect: (runId: number) => void;
  onEnd: () => void;
}

function Rows({ rows, score, selected, onSelect, onEnd }: RowsProps) {
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => ROW, overscan: 6 });
  const items = virtual.getVirtualItems();
  const atEnd = (items.at(-1)?.index ?? 0) >= rows.length - 10;
  useEffect(() => {
    if (atEnd) onEnd();
  });
  return (
    <div ref={box} className="max-h-[640px] overflow-y-auto">
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
                    "grid h-full w-full grid-cols-[minmax(0,1fr)_auto] content-center items-center gap-x-3 gap-y-0.5 px-4 text-left transition-colors -outline-offset-2 hover:bg-line/30",
                    run.id === selected && "bg-line/60",
                  )}
                >
                  <span className="truncate text-ink">{run.question}</span>
                  <RunMark status={run.status} value={run.scores[score]?.value} failure={run.failure_kind} />
                  <span className="col-span-2 truncate text-xs">
                    {run.status === "failed" ? run.failure_message : (run.answer ?? "no answer")}
                    <span> · expected {run.gold[0]}</span>
                    {run.repeat > 0 && <span> · repeat {run.repeat + 1}</span>}
                  </span>
                </button>
              </li>
            )
          );
        })}
      </ul>
    </div>
  );
}

"use client";

import { useQuery } from "@tanstack/react-query";

import { Panel } from "@/components/ui/panel";
import { Skeleton } from "@/components/ui/skeleton";
import { Failure } from "@/components/ui/state";
import { systemQueries } from "@/lib/api/queries";
import { formatBytes } from "@/lib/uploads";

const SHOWN = 8;

/** What takes space, the largest first, and how to get some back. */
export function StoragePanel() {
  const { data, error, refetch } = useQuery(systemQueries.storage());
  if (error) {
    return (
      <Panel title="Storage">
        <Failure error={error} what="what takes space" onRetry={() => void refetch()} />
      </Panel>
    );
  }
  const parts = data?.parts.slice(0, SHOWN);
  return (
    <Panel
      title="Storage"
      hint={
        <>
          {data ? `${formatBytes(data.total_bytes)} in all. ` : "Measuring… "}
          <code>llmforge prune</code> removes what is old and not needed.
        </>
      }
      flush
    >
      <dl className="grid grid-cols-2 lg:grid-cols-4">
        {(parts ?? Array.from({ length: SHOWN }, () => undefined)).map((part, place) => (
          <div key={part?.name ?? place} className="-mt-px -ml-px flex flex-col gap-1 border-t border-l px-4 py-3">
            <dt className="text-xs">{part ? part.label : <Skeleton className="h-4 w-20" />}</dt>
            <dd className="num text-ink">{part ? formatBytes(part.bytes) : <Skeleton className="h-4 w-12" />}</dd>
            <dd aria-hidden="true" className="h-1 overflow-hidden rounded-full bg-line/60">
              {part && data && (
                <div className="h-full rounded-full bg-muted" style={{ width: `${(100 * part.bytes) / data.total_bytes}%` }} />
              )}
            </dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}

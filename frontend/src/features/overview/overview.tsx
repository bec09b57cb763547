"use client";

import { useQuery } from "@tanstack/react-query";

import { ExperimentTable } from "@/components/experiment/experiment-table";
import { Page } from "@/components/layout/page";
import { Button } from "@/components/ui/button";
import { Link } from "@/components/ui/link";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Empty, Failure } from "@/components/ui/state";
import { experimentQueries, systemQueries } from "@/lib/api/queries";
import { isLive } from "@/lib/experiment-status";

import { HealthPanel } from "./health-panel";
import { RunningNow } from "./running-now";
import { Start } from "./start";
import { StoragePanel } from "./storage-panel";
import { Totals } from "./totals";

const LIVE_MS = 1_500;
const IDLE_MS = 10_000;
const LATEST = 8;

const live = experimentQueries.list({ status: ["RUNNING", "PENDING"], limit: 50 });
const latest = experimentQueries.list({ status: ["COMPLETED", "FAILED", "CANCELLED"], sort: "-finished_at", limit: LATEST });

/** Running experiments, latest results, health. */
export function Overview() {
  const running = useQuery({
    ...live,
    refetchInterval: (query) => (query.state.data?.items.some(isLive) ? LIVE_MS : IDLE_MS),
  });
  const now = running.data?.items.filter(isLive) ?? [];
  const every = now.length > 0 ? LIVE_MS : IDLE_MS;
  const ended = useQuery({ ...latest, refetchInterval: every });
  const totals = useQuery({ ...systemQueries.overview(), refetchInterval: every });
  const first = totals.data?.experiments === 0;

  return (
    <Page title="Overview" lead="Running experiments, recent results, and the health of the platform.">
      {first ? <Start /> : <Totals totals={totals.data} />}
      {now.length > 0 && <RunningNow experiments={now} />}
      {!first && (
        <Panel
          title="Latest results"
          flush
          actions={
            <Button asChild size="sm" variant="ghost">
              <Link href="/experiments/">All experiments</Link>
            </Button>
          }
        >
          {ended.data ? (
            ended.data.items.length > 0 ? (
              <ExperimentTable experiments={ended.data.items} />
            ) : (
              <Empty title="No results yet">Results appear here when an experiment ends.</Empty>
            )
          ) : ended.error ? (
            <Failure error={ended.error} what="the latest results" onRetry={() => void ended.refetch()} />
          ) : (
            <SkeletonRows rows={LATEST} className="h-[52px]" />
          )}
        </Panel>
      )}
      <HealthPanel />
      <StoragePanel />
    </Page>
  );
}

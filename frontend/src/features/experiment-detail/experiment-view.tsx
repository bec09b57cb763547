"use client";

import { useQuery } from "@tanstack/react-query";
import { parseAsBoolean, parseAsString, useQueryState } from "nuqs";
import { useState } from "react";

import { SettlingPanel } from "@/components/experiment/settling-panel";
import { ScoringNote } from "@/components/experiment/scoring-note";
import { LabelsPanel } from "@/components/run/labels-panel";
import { Page } from "@/components/layout/page";
import { Panel } from "@/components/ui/panel";
import { Skeleton } from "@/components/ui/skeleton";
import { Failure } from "@/components/ui/state";
import type { Schemas } from "@/lib/api/client";
import { experimentQueries, resultQueries } from "@/lib/api/queries";
import { ORIGINAL, scoringQueries } from "@/lib/api/scorings";
import { settlingQueries } from "@/lib/api/settling";
import { hasEnded, isLive } from "@/lib/experiment-status";
import { agentShares } from "@/lib/metrics";
import { useTitle } from "@/lib/use-title";

import { AgentPanel } from "./agent-panel";
import { AttributionPanel } from "./attribution-panel";
import { BatchPanel } from "./batch-panel";
import { BudgetPanel } from "./budget-panel";
import { ConfigPanel, FailuresPanel } from "./config-panel";
import { ExperimentHeader } from "./header";
import { LivePanel } from "./live-panel";
import { MetricCards } from "./metric-cards";
import { RetriesPanel } from "./retries-panel";
import { RunsSection } from "./runs-section";
import { ScoringsPanel } from "./scorings-panel";
import { StagesPanel } from "./stages-panel";
import { ResultWarnings } from "./thinking";
import { titleOf } from "./live";
import { useLive } from "./use-live";

const POLL_MS = 1_500;
/** While the event stream is connected, in case it stalls. */
const FALLBACK_POLL_MS = 10_000;

/** The page of one experiment; its id is in the address (`?id=`). */
export function ExperimentView() {
  const [id] = useQueryState("id", { defaultValue: "" });
  const [streaming, setStreaming] = useState(false);
  const query = useQuery({
    ...experimentQueries.detail(id),
    // Only a live experiment changes by itself: its event stream brings updates, and polling does without the stream.
    refetchInterval: ({ state }) => (state.data && isLive(state.data) ? (streaming ? FALLBACK_POLL_MS : POLL_MS) : false),
    enabled: id !== "",
  });
  useLive(id, query.data !== undefined && isLive(query.data), setStreaming);
  // The key resets all state when another experiment is shown.
  if (query.data) return <Experiment key={id} experiment={query.data} />;
  return (
    <Page title="Experiment">
      {id === "" ? (
        <Failure error={new Error("The address has no id.")} what="an experiment" />
      ) : query.error ? (
        <Failure error={query.error} what="this experiment" onRetry={() => void query.refetch()} />
      ) : (
        <div role="status" aria-label="Loading" className="flex flex-col gap-5">
          <Skeleton className="h-36 w-full rounded-lg" />
          <Skeleton className="h-72 w-full rounded-lg" />
        </div>
      )}
    </Page>
  );
}

function Experiment({ experiment }: { experiment: Schemas["ExperimentOut"] }) {
  const ended = hasEnded(experiment);
  useTitle(titleOf(experiment));
  const live = isLive(experiment);
  const [scoring, setScoring] = useQueryState("scoring", parseAsString.withDefault(ORIGINAL));
  const original = scoring === ORIGINAL;
  const result = useQuery({ ...(original ? resultQueries.detail(experiment.id) : scoringQueries.result(experiment.id, scoring)), enabled: ended });
  const settling = useQuery({ ...settlingQueries.detail(experiment.sequential_id ?? ""), enabled: experiment.sequential_id !== null });
  const [full] = useQueryState("full", parseAsBoolean.withDefault(false));
  const failures = Object.keys(result.data?.metrics.counts.failures ?? experiment.progress?.failures ?? {}).sort();
  const runs = (ended || live) && (
    <RunsSection id={experiment.id} scoring={scoring} dataset={experiment.dataset} planned={experiment.total} live={live} modelOnly={experiment.latency_of_model_only} failures={failures} />
  );
  if (full && runs) return <ExperimentHeader experiment={experiment}>{runs}</ExperimentHeader>;
  return (
    <ExperimentHeader experiment={experiment}>
      {experiment.config_problem && (
        <p role="note" className="rounded-lg border border-warn/30 bg-warn/8 px-4 py-3 text-ink">
          {experiment.config_problem} It is shown as it was stored.
        </p>
      )}
      {!ended && <LivePanel experiment={experiment} />}
      {settling.data && <SettlingPanel settling={settling.data} />}
      {!ended && <BatchPanel experiment={experiment} />}
      {ended && experiment.reason && (
        <p role="status" className="rounded-lg border border-warn/30 bg-warn/8 px-4 py-3 text-ink">
          {experiment.reason}
        </p>
      )}
      <BudgetPanel experiment={experiment} />
      {ended && !original && (
        <ScoringNote back="Show the original" onBack={() => void setScoring(null)}>
          Figures and runs are by the scoring <bdi className="font-medium">{scoring}</bdi>.
        </ScoringNote>
      )}
      {ended && <ResultWarnings warnings={result.data?.metrics.warnings} />}
      {ended && <MetricCards metrics={result.data?.metrics} missing={result.error !== null} />}
      {ended && result.data?.metrics.attribution && <AttributionPanel attribution={result.data.metrics.attribution} />}
      {ended && result.data?.metrics.agent && (
        <AgentPanel id={experiment.id} agent={result.data.metrics.agent} shares={agentShares(result.data.metrics)} naive={result.data.tokens_to_naive} />
      )}
      {ended && <StagesPanel made={result.data?.metrics.stages} cached={result.data?.metrics.cached_stages} />}
      {ended && <FailuresPanel result={result.data} />}
      {ended && result.data && <LabelsPanel ids={[experiment.id]} scoring={original ? [] : [scoring]} asks />}
      {ended && <RetriesPanel id={experiment.id} />}
      {ended && experiment.failed_runs !== null && <ScoringsPanel id={experiment.id} shown={scoring} onShow={(next) => void setScoring(next === ORIGINAL ? null : next)} />}
      {ended && <BatchPanel experiment={experiment} />}
      {runs}
      <ConfigPanel experiment={experiment} result={result.data} />
      {ended && result.error && <Panel flush><Failure error={result.error} what="the metrics" onRetry={() => void result.refetch()} /></Panel>}
    </ExperimentHeader>
  );
}

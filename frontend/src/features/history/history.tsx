"use client";

import { useQuery } from "@tanstack/react-query";
import { parseAsString, useQueryStates } from "nuqs";

import { ChartPanel } from "@/components/charts/chart-panel";
import { Timeline } from "@/components/charts/timeline";
import { ScoringNote } from "@/components/experiment/scoring-note";
import { Page } from "@/components/layout/page";
import { useScoreNames } from "@/components/run/use-score-names";
import { Link } from "@/components/ui/link";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Empty, Failure } from "@/components/ui/state";
import type { Schemas } from "@/lib/api/client";
import { historyQueries } from "@/lib/api/history";
import { experimentHref } from "@/lib/api/mutations";
import { ORIGINAL } from "@/lib/api/scorings";
import { plural } from "@/lib/format";
import { PRIMARY_SCORE } from "@/lib/metrics";

import { prepareTimeline } from "./prepare";
import { StepTable } from "./step-table";

const params = { id: parseAsString.withDefault(""), score: parseAsString.withDefault(PRIMARY_SCORE), reference: parseAsString.withDefault(""), scoring: parseAsString.withDefault(ORIGINAL) };

/** The experiments of one configuration over time, against a reference that can be chosen. */
export function History() {
  const [{ id, score, reference, scoring }, setAddress] = useQueryStates(params);
  const query = useQuery({ ...historyQueries.of(id, score, reference, scoring), enabled: id !== "" });
  return (
    <Page
      above={
        <Link href={id ? experimentHref(id) : "/experiments/"} className="text-xs underline-offset-3 hover:text-ink hover:underline">
          {id ? "Experiment" : "Experiments"}
        </Link>
      }
      title="The same configuration over time"
      lead="Experiments that ask the same questions in the same way. Each is compared with a reference, and with the one before it, on the questions that both answered."
    >
      {scoring !== ORIGINAL && (
        <ScoringNote back="Show the original" onBack={() => void setAddress({ scoring: null })}>
          Compared by the scoring <bdi className="font-medium">{scoring}</bdi>, of the experiments that have it.
        </ScoringNote>
      )}
      {id === "" ? (
        <Panel flush>
          <Empty title="No experiment">Open an experiment, and from there its history.</Empty>
        </Panel>
      ) : query.data ? (
        <Steps history={query.data} onReference={(next) => void setAddress({ reference: next })} />
      ) : (
        <Panel flush>{query.error ? <Failure error={query.error} what="the history" onRetry={() => void query.refetch()} /> : <SkeletonRows rows={4} className="h-14" />}</Panel>
      )}
    </Page>
  );
}

function Steps({ history, onReference }: { history: Schemas["HistoryOut"]; onReference: (id: string) => void }) {
  const { labelOf } = useScoreNames();
  const label = labelOf(history.score);
  return (
    <>
      {history.warnings.map((warning) => (
        <p key={warning} role="note" className="rounded-lg border border-warn/30 bg-warn/8 px-4 py-3 text-ink">
          {warning}
        </p>
      ))}
      <ChartPanel title={label} hint={`${plural(history.steps.length, "experiment")} with 95 % intervals; the dashed line is the reference`} file="history">
        <Timeline points={prepareTimeline(history)} />
      </ChartPanel>
      <Panel title="Step by step" hint={history.note} flush>
        <StepTable history={history} onReference={onReference} />
      </Panel>
    </>
  );
}

"use client";

import { useQuery } from "@tanstack/react-query";
import { parseAsArrayOf, parseAsString, useQueryState } from "nuqs";

import { ScoringNote } from "@/components/experiment/scoring-note";
import { SettlingPanel } from "@/components/experiment/settling-panel";
import { LabelsPanel } from "@/components/run/labels-panel";
import { Page } from "@/components/layout/page";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Empty, Failure } from "@/components/ui/state";
import type { Schemas } from "@/lib/api/client";
import { resultQueries } from "@/lib/api/queries";
import { useTitle } from "@/lib/use-title";

import { AttributionTable } from "./attribution-table";
import { ChangesPanel } from "./changes-panel";
import { ChosenPanel } from "./chosen-panel";
import { EquivalencePanel } from "./equivalence-panel";
import { ExamplesPanel } from "./examples-panel";
import { FrontPanel } from "./front-panel";
import { MetricTable } from "./metric-table";
import { Notes } from "./notes";
import { pairedWithBaseline } from "./ranking";
import { RepeatsPanel } from "./repeats-panel";
import { ShareActions } from "./share-actions";
import { SlicesPanel } from "./slices-panel";
import { StagesPanel } from "./stages-panel";
import { useFamily } from "./use-family";
import { useMargin } from "./use-margin";
import { useScoring } from "./use-scoring";
import { VerdictPanel } from "./verdict-panel";

/** Experiments side by side; their ids are in the address (`?ids=a,b`), the first is the baseline. */
export function Compare() {
  const [ids, setIds] = useQueryState("ids", parseAsArrayOf(parseAsString).withDefault([]).withOptions({ history: "push" }));
  const [margin] = useMargin();
  const [scoring, setScoring] = useScoring();
  const [family] = useFamily();
  // While another margin is asked for, what does not depend on it stays.
  const comparison = useQuery({ ...resultQueries.compare(ids, margin, scoring, family), enabled: ids.length >= 2, placeholderData: (before, query) => (query && sameIds(query.queryKey, ids) ? before : undefined) });
  return (
    <Page title="Compare" lead="Experiments on the same questions. Differences are relative to the baseline." actions={comparison.data && <ShareActions comparison={comparison.data} />}>
      <ChosenPanel ids={ids} onChange={(next) => void setIds(next)} />
      {scoring.length > 0 && (
        <ScoringNote back="Compare by the original" onBack={() => setScoring([])}>
          Compared by the {scoring.length > 1 ? "scorings" : "scoring"} <bdi className="font-medium">{scoring.join(", ")}</bdi>, not by the original scores.
        </ScoringNote>
      )}
      {ids.length < 2 ? (
        <Panel flush>
          <Empty title={ids.length === 0 ? "Choose two experiments" : "Choose a second experiment"}>
            Two to twelve experiments with a result. They can also be selected in the list of experiments.
          </Empty>
        </Panel>
      ) : comparison.data ? (
        <Comparison comparison={comparison.data} />
      ) : comparison.error ? (
        <Panel flush>
          <Failure error={comparison.error} what="the comparison" onRetry={() => void comparison.refetch()} />
        </Panel>
      ) : (
        <Panel flush>
          <SkeletonRows rows={9} className="h-14" />
        </Panel>
      )}
    </Page>
  );
}

/** Whether a query of a comparison is of these experiments. */
function sameIds(key: readonly unknown[], ids: readonly string[]): boolean {
  return key.some((part) => Array.isArray(part) && part.join() === ids.join());
}

function Comparison({ comparison }: { comparison: Schemas["ComparisonOut"] }) {
  useTitle(`Compare ${comparison.experiments.map(({ label }) => label).join(", ")}`);
  return (
    <>
      {comparison.settling && <SettlingPanel settling={comparison.settling} />}
      <VerdictPanel comparison={comparison} />
      <Notes comparison={comparison} />
      <EquivalencePanel comparison={comparison} />
      <MetricTable comparison={comparison} />
      <RepeatsPanel comparison={comparison} />
      <LabelsPanel ids={comparison.experiments.map(({ experiment_id }) => experiment_id)} scoring={comparison.experiments.map(({ scoring }) => scoring)} asks />
      <SlicesPanel comparison={comparison} />
      <AttributionTable comparison={comparison} />
      <StagesPanel comparison={comparison} />
      <FrontPanel comparison={comparison} />
      <ChangesPanel comparison={comparison} />
      {pairedWithBaseline(comparison).size > 1 && <ExamplesPanel comparison={comparison} />}
    </>
  );
}

"use client";

import { useQuery } from "@tanstack/react-query";
import { useQueryStates } from "nuqs";
import { useCallback, useState } from "react";

import { ExperimentTable } from "@/components/experiment/experiment-table";
import { Page } from "@/components/layout/page";
import { useScoreNames } from "@/components/run/use-score-names";
import { Button } from "@/components/ui/button";
import { Link } from "@/components/ui/link";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Empty, Failure } from "@/components/ui/state";
import type { Schemas } from "@/lib/api/client";
import { experimentQueries } from "@/lib/api/queries";
import { ImportResults } from "@/components/data/import-results";
import { isLive } from "@/lib/experiment-status";

import { BulkReport } from "./bulk-report";
import { FilterBar } from "./filter-bar";
import { isFiltered, type ListState, listParams, listQuery } from "./filters";
import { Pagination } from "./pagination";
import { SelectionBar } from "./selection-bar";
import { type BulkAction, undoOf, useBulk } from "./use-bulk";

type Experiment = Schemas["ExperimentSummary"];

const LIVE_MS = 1_500;
const IDLE_MS = 15_000;

/** All experiments: search, sort, tag, archive, compare, delete. */
export function ExperimentList() {
  const [state, setState] = useQueryStates(listParams, { history: "push" });
  const [selected, setSelected] = useState<ReadonlyMap<string, Experiment>>(new Map());
  const bulk = useBulk();
  const list = useQuery({
    ...experimentQueries.list(listQuery(state)),
    refetchInterval: (query) => (query.state.data?.items.some(isLive) ? LIVE_MS : IDLE_MS),
  });
  const { labelOf } = useScoreNames();
  const narrow = (change: Partial<ListState>) => void setState({ ...change, page: null });
  const clear = useCallback(() => setSelected(new Map()), []);
  const select = (ids: string[], on: boolean) =>
    setSelected((before) => {
      const after = new Map(before);
      for (const one of list.data?.items ?? []) {
        if (!ids.includes(one.id)) continue;
        if (on) after.set(one.id, one);
        else after.delete(one.id);
      }
      return after;
    });
  // As the page shows them now; of other pages, as they were when they were selected.
  const chosen = [...selected.values()].map((one) => list.data?.items.find(({ id }) => id === one.id) ?? one);
  const act = (action: BulkAction) => {
    bulk.run({ chosen, action });
    if (action.kind !== "export") clear();
  };
  const undone = bulk.outcome && undoOf(bulk.outcome.action);

  return (
    <Page title="Experiments" actions={<ImportResults />}>
      <FilterBar state={state} onChange={narrow} />
      {bulk.outcome && (
        <BulkReport
          outcome={bulk.outcome}
          onClose={bulk.close}
          onUndo={undone && bulk.outcome.done.length > 0 ? () => bulk.run({ chosen: bulk.outcome?.done ?? [], action: undone }) : undefined}
        />
      )}
      <Panel flush>
        {list.data ? (
          list.data.items.length > 0 ? (
            <ExperimentTable
              experiments={list.data.items}
              score={{ name: state.score, label: labelOf(state.score) }}
              columns={state.columns}
              sorting={{ sort: state.sort, onSort: (sort) => narrow({ sort }) }}
              selection={{ selected: new Set(selected.keys()), onSelect: select }}
            />
          ) : list.data.total > 0 ? (
            <Empty title="No such page" action={<Button onClick={() => void setState({ page: null })}>Show the first page</Button>}>
              The list has fewer pages than {state.page}.
            </Empty>
          ) : isFiltered(state) ? (
            <Empty
              title="Nothing matches"
              action={<Button onClick={() => void setState(null)}>Show all experiments</Button>}
            >
              No experiment matches these filters.
            </Empty>
          ) : (
            <Empty
              title="No experiments yet"
              action={
                <Button asChild variant="primary">
                  <Link href="/experiments/new/">Create the first one</Link>
                </Button>
              }
            >
              An experiment is a model, a method, questions with known answers, and a seed.
            </Empty>
          )
        ) : list.error ? (
          <Failure error={list.error} what="the experiments" onRetry={() => void list.refetch()} />
        ) : (
          <SkeletonRows rows={10} className="h-10" />
        )}
        {list.data && list.data.items.length > 0 && (
          <Pagination
            page={Math.max(1, state.page)}
            shown={list.data.items.length}
            total={list.data.total}
            onPage={(page) => void setState({ page })}
          />
        )}
      </Panel>
      <SelectionBar selected={chosen} busy={bulk.busy} onAction={act} onClear={clear} />
    </Page>
  );
}

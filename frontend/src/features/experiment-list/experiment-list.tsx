"use client";

import { useQuery } from "@tanstack/react-query";
import { useQueryStates } from "nuqs";
import { useState } from "react";

import { ExperimentTable } from "@/components/experiment/experiment-table";
import { Page } from "@/components/layout/page";
import { useScoreNames } from "@/components/run/use-score-names";
import { Button } from "@/components/ui/button";
import { Link } from "@/components/ui/link";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Empty, Failure } from "@/components/ui/state";
import { experimentQueries } from "@/lib/api/queries";
import { isLive } from "@/lib/experiment-status";

import { FilterBar } from "./filter-bar";
import { isFiltered, type ListState, listParams, listQuery } from "./filters";
import { Pagination } from "./pagination";
import { SelectionBar } from "./selection-bar";

const LIVE_MS = 1_500;
const IDLE_MS = 15_000;

/** All experiments: search, sort, compare, delete. */
export function ExperimentList() {
  const [state, setState] = useQueryStates(listParams, { history: "push" });
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const list = useQuery({
    ...experimentQueries.list(listQuery(state)),
    refetchInterval: (query) => (query.state.data?.items.some(isLive) ? LIVE_MS : IDLE_MS),
  });
  const { labelOf } = useScoreNames();
  const narrow = (change: Partial<ListState>) => void setState({ ...change, page: null });
  const select = (ids: string[], on: boolean) =>
    setSelected((before) => {
      const after = new Set(before);
      for (const id of ids) {
        if (on) after.add(id);
        else after.delete(id);
      }
      return after;
    });

  return (
    <Page title="Experiments">
      <FilterBar state={state} onChange={narrow} />
      <Panel flush>
        {list.data ? (
          list.data.items.length > 0 ? (
            <ExperimentTable
              experiments={list.data.items}
              score={{ name: state.score, label: labelOf(state.score) }}
              columns={state.columns}
              sorting={{ sort: state.sort, onSort: (sort) => narrow({ sort }) }}
              selection={{
                selected,
                onSelect: (id, on) => select([id], on),
                onSelectAll: (on) => select(list.data.items.map(({ id }) => id), on),
              }}
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
      <SelectionBar selected={[...selected]} onClear={() => setSelected(new Set())} />
    </Page>
  );
}

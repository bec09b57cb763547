"use client";

import { useQuery } from "@tanstack/react-query";
import { parseAsBoolean, parseAsInteger, parseAsString, useQueryStates } from "nuqs";
import { useMemo, useRef } from "react";

import { Panel } from "@/components/ui/panel";
import { Skeleton } from "@/components/ui/skeleton";
import { Failure } from "@/components/ui/state";
import { resultQueries } from "@/lib/api/queries";
import { PRIMARY_SCORE } from "@/lib/metrics";

import { AgreementsPanel } from "./agreements-panel";
import { LatencyPanel } from "./latency-panel";
import { firstToShow, prepareGrid } from "./prepare";
import { RepeatsPanel } from "./repeats-panel";
import { RunDetail } from "./run-detail";
import { noFilter, runParams } from "./run-filters";
import { RunGrid } from "./run-grid";
import { RunList } from "./run-list";
import { SlicesPanel } from "./slices-panel";

const LIVE_MS = 2_000;
/** With more runs than this, the map is polled less often. */
const LARGE = 20_000;

interface RunsSectionProps {
  id: string;
  /** By which scoring; the original one: that which the experiment was run with. */
  scoring: string;
  /** Name of the dataset. */
  dataset: string;
  planned: number;
  live: boolean;
  /** The latency of these runs lacks retrieval and tools. */
  modelOnly: boolean;
  /** The kinds of failures that there are. */
  failures: string[];
}

/** The runs: grid, list, the selected run, slices, and latencies. */
export function RunsSection({ id, scoring, dataset, planned, live, modelOnly, failures }: RunsSectionProps) {
  const [{ run, score, full }, setState] = useQueryStates(
    { run: parseAsInteger, score: parseAsString.withDefault(PRIMARY_SCORE), full: parseAsBoolean.withDefault(false) },
    { history: "replace" },
  );
  const [listed, setListed] = useQueryStates(runParams, { history: "replace" });
  const map = useQuery({
    ...resultQueries.map(id, score, scoring),
    refetchInterval: live ? (planned > LARGE ? LIVE_MS * 5 : LIVE_MS) : false,
  });
  const detail = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const select = (runId: number) => void setState({ run: runId });
  const open = (runId: number) => {
    select(runId);
    // In a single column, the selected run would be out of view.
    if (!window.matchMedia("(min-width: 64rem)").matches) detail.current?.scrollIntoView({ block: "start" });
  };

  const grid = useMemo(() => map.data && prepareGrid(map.data, planned), [map.data, planned]);
  if (!map.data || !grid) {
    return (
      <Panel flush>
        {map.error ? (
          <Failure error={map.error} what="the runs" onRetry={() => void map.refetch()} />
        ) : (
          <Skeleton className="m-4 h-48" />
        )}
      </Panel>
    );
  }
  const shown = run ?? firstToShow(grid);
  const selected = <RunDetail id={id} scoring={scoring} runId={shown} grid={grid} onSelect={select} full={full} onFull={(on) => void setState({ full: on, run: shown })} />;
  if (full) return selected;
  return (
    <>
      <LatencyPanel id={id} latencies={map.data.latency_ms} live={live} modelOnly={modelOnly} onSelect={open} />
      {!live && <RepeatsPanel id={id} score={score} scoring={scoring} />}
      {!live && (
        <SlicesPanel
          id={id}
          score={score}
          scoring={scoring}
          selected={listed.slice}
          onSelect={(slice) => {
            void setListed({ slice });
            list.current?.scrollIntoView({ block: "start" });
          }}
        />
      )}
      {!live && (
        <AgreementsPanel
          id={id}
          scoring={scoring}
          shown={{ score, against: listed.against }}
          onShow={(chosen) => {
            void setState({ score: chosen.score });
            void setListed({ ...noFilter, against: chosen.against, filter: "correct" });
            list.current?.scrollIntoView({ block: "start" });
          }}
        />
      )}
      <RunGrid
        grid={grid}
        scores={map.data.scores}
        score={score}
        onScore={(next) => void setState({ score: next })}
        filter={listed.filter}
        onFilter={(filter) => void setListed({ filter })}
        selected={shown}
        onSelect={select}
      />
      <div className="grid min-w-0 items-start gap-5 lg:grid-cols-[minmax(0,5fr)_minmax(0,7fr)]">
        <div ref={list} className="min-w-0 scroll-mt-18 lg:sticky lg:top-18">
          <RunList
            id={id}
            score={score}
            scores={map.data.scores}
            scoring={scoring}
            grid={grid}
            failures={failures}
            dataset={dataset}
            retrieves={map.data.scores.includes("answer_in_context")}
            state={listed}
            onState={(change) => void setListed(change)}
            selected={shown}
            onSelect={open}
            live={live}
          />
        </div>
        <div ref={detail} className="min-w-0 scroll-mt-18">
          {selected}
        </div>
      </div>
    </>
  );
}

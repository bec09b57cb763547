"use client";

import { useQuery } from "@tanstack/react-query";
import { ChevronLeft, ChevronRight, Maximize2, Minimize2 } from "lucide-react";
import type { ReactNode } from "react";

import { Button } from "@/components/ui/button";
import { Panel } from "@/components/ui/panel";
import { Skeleton } from "@/components/ui/skeleton";
import { Empty, Failure } from "@/components/ui/state";
import { resultQueries } from "@/lib/api/queries";
import { formatCount } from "@/lib/format";

import type { GridData } from "./prepare";
import { RunContent } from "./run-content";

interface RunDetailProps {
  id: string;
  scoring: string;
  runId: number | null;
  grid: GridData;
  onSelect: (runId: number) => void;
  /** Over the whole width of the page, without the list. */
  full: boolean;
  onFull: (full: boolean) => void;
}

/** One run, with buttons to the runs before and after it. */
export function RunDetail({ id, scoring, runId, grid, onSelect, full, onFull }: RunDetailProps) {
  const query = useQuery({ ...resultQueries.run(id, runId ?? 0, scoring), enabled: runId !== null });
  const index = runId === null ? undefined : grid.indexOf.get(runId);
  const step = (by: number) => (index === undefined ? undefined : grid.runIds[index + by]);
  const go = (to: number | undefined) => to !== undefined && onSelect(to);
  return (
    <Panel
      title={query.data && runId !== null ? <bdi>{query.data.example_key}</bdi> : "Run"}
      hint={index === undefined ? "Select a cell or a row." : `Run ${formatCount(index + 1)} of ${formatCount(grid.states.length)}`}
      actions={
        <>
          <Step label="Previous run" to={step(-1)} onStep={go}>
            <ChevronLeft />
          </Step>
          <Step label="Next run" to={step(1)} onStep={go}>
            <ChevronRight />
          </Step>
          {runId !== null && (
            <Button size="sm" onClick={() => onFull(!full)}>
              {full ? <Minimize2 aria-hidden="true" /> : <Maximize2 aria-hidden="true" />}
              {full ? "Back to all runs" : "Full page"}
            </Button>
          )}
        </>
      }
    >
      {runId === null ? (
        <Empty title="No run selected">Select a run to see its prompt, raw output and scores.</Empty>
      ) : query.data ? (
        <div role="region" aria-label="Run">
          <RunContent key={query.data.id} run={query.data} wide={full} />
        </div>
      ) : query.error ? (
        <Failure error={query.error} what="this run" onRetry={() => void query.refetch()} />
      ) : (
        <Skeleton className="h-80" />
      )}
    </Panel>
  );
}

interface StepProps {
  label: string;
  to: number | undefined;
  onStep: (to: number | undefined) => void;
  children: ReactNode;
}

function Step({ label, to, onStep, children }: StepProps) {
  return (
    <Button variant="ghost" size="icon-sm" aria-label={label} disabled={to === undefined} onClick={() => onStep(to)}>
      {children}
    </Button>
  );
}

"use client";

import { useMemo } from "react";

import { CellGrid, type CellLook } from "@/components/charts/cell-grid";
import { cellGridSvg } from "@/components/charts/cell-grid-svg";
import { SaveChart } from "@/components/charts/save-chart";
import { ScoreChoice } from "@/components/run/score-choice";
import { useScoreNames } from "@/components/run/use-score-names";
import { Panel } from "@/components/ui/panel";
import { formatCount } from "@/lib/format";
import { cn } from "@/lib/utils";

import { notRight, type GridData, nextIn, type RunState, runStates } from "./prepare";
import type { Outcome } from "./run-filters";

const looks: Record<RunState, CellLook> = {
  correct: { token: "data-3", opacity: 0.6 },
  partial: { token: "data-5", opacity: 1 },
  wrong: { token: "data-2", opacity: 1 },
  unscored: { token: "data-6", opacity: 0.5 },
  failed: { token: "ink", opacity: 1, crossed: true },
  missing: { token: "line", opacity: 1, hollow: true },
};

/** The same colours for the legend. */
const swatches: Record<RunState, string> = {
  correct: "bg-data-3/60",
  partial: "bg-data-5",
  wrong: "bg-data-2",
  unscored: "bg-data-6/50",
  failed: "bg-ink",
  missing: "border border-line",
};

function legendOf(state: RunState, count: number): string {
  return `${runStates.find((one) => one.state === state)?.label ?? state}: ${formatCount(count)}`;
}

interface RunGridProps {
  grid: GridData;
  scores: string[];
  score: string;
  onScore: (score: string) => void;
  /** The outcome that the list below is filtered by: other cells are pale. */
  filter: Outcome;
  onFilter: (filter: Outcome) => void;
  selected: number | null;
  onSelect: (runId: number) => void;
}

/** One cell per run, coloured by its result; a cell selects its run. */
export function RunGrid({ grid, scores, score, onScore, filter, onFilter, selected, onSelect }: RunGridProps) {
  const only = filter === "all" || filter === "cached" ? null : filter;
  const names = useScoreNames();
  const cells = useMemo(() => grid.states.map((state) => looks[state]), [grid]);
  const lit = useMemo(() => (only ? (cell: number) => grid.states[cell] === only : undefined), [grid, only]);
  const index = selected === null ? undefined : grid.indexOf.get(selected);
  const go = (to: number | undefined) => {
    const runId = to === undefined ? undefined : grid.runIds[to];
    if (runId !== undefined) onSelect(runId);
  };
  const onKey = (key: string) => {
    if (key !== "n" && key !== "p") return false;
    go(nextIn(grid, index ?? (key === "n" ? -1 : grid.runIds.length), key === "n" ? 1 : -1, only ? new Set([only]) : notRight));
    return true;
  };
  return (
    <Panel
      title="All runs"
      hint="Each cell is a run. Click one or use the arrow keys; n and p go to the next and previous run that is not right."
      actions={
        <>
          <ScoreChoice names={names.inOrder(scores)} value={score} onChange={onScore} />
          <SaveChart title="All runs" file="runs" make={() => cellGridSvg(grid.states.map((state) => ({ ...looks[state], legend: legendOf(state, grid.counts[state]) })))} />
        </>
      }
    >
      <div className="mb-3 flex flex-wrap gap-1.5" role="group" aria-label="Show only">
        {runStates
          .filter(({ state }) => grid.counts[state] > 0)
          .map(({ state, label }) => {
            const legend = (
              <>
                <span aria-hidden="true" className={cn("size-2.5 rounded-[2px]", swatches[state])} />
                {label} <span className="font-medium text-ink">{formatCount(grid.counts[state])}</span>
              </>
            );
            // What has not run is in no list.
            if (state === "missing") {
              return (
                <span key={state} className="num flex h-7 items-center gap-1.5 px-2.5 text-xs">
                  {legend}
                </span>
              );
            }
            return (
              <button
                key={state}
                type="button"
                aria-pressed={only === state}
                onClick={() => onFilter(only === state ? "all" : state)}
                className={cn(
                  "num flex h-7 items-center gap-1.5 rounded-full border px-2.5 text-xs transition-colors hover:border-muted/50",
                  only === state && "border-ink text-ink",
                )}
              >
                {legend}
              </button>
            );
          })}
      </div>
      <CellGrid
        label={`${formatCount(grid.states.length)} runs by ${names.labelOf(score).toLowerCase()}`}
        looks={cells}
        lit={lit}
        selected={index}
        onSelect={go}
        onKey={onKey}
        describe={(cell) => `Run ${cell + 1} of ${grid.states.length}: ${grid.states[cell] ?? ""}`}
      />
      {grid.hidden > 0 && (
        <p className="num mt-2 text-xs">The first {formatCount(grid.runIds.length)} runs; {formatCount(grid.hidden)} more are in the list and the export.</p>
      )}
    </Panel>
  );
}

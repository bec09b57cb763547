"use client";

import { useQuery } from "@tanstack/react-query";
import { useRef } from "react";

import { IntervalBar } from "@/components/charts/interval-bar";
import { useScoreNames } from "@/components/run/use-score-names";
import { Panel } from "@/components/ui/panel";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import type { Schemas } from "@/lib/api/client";
import { resultQueries } from "@/lib/api/queries";
import { formatCount, formatInterval, formatName, formatPercent } from "@/lib/format";
import { cn } from "@/lib/utils";

interface SlicesPanelProps {
  id: string;
  score: string;
  scoring: string;
  /** The slice that the list of runs is filtered by: `topic=music`. */
  selected: string;
  onSelect: (slice: string) => void;
}

/** The score by what the dataset says of its questions; a row filters the list of runs. Nothing where it says nothing. */
export function SlicesPanel({ id, score, scoring, selected, onSelect }: SlicesPanelProps) {
  const { data } = useQuery(resultQueries.slices(id, score, scoring));
  const { labelOf } = useScoreNames();
  if (!data || data.slices.length === 0) return null;
  return (
    <Panel
      title="By kind of question"
      hint={`${labelOf(score)} with 95 % intervals. Differences between the rows are not tested: with many rows, some differ by chance. Click a value to list its runs.`}
      flush
    >
      <div className="grid items-start divide-y lg:grid-cols-2 lg:divide-x lg:divide-y-0">
        {data.slices.map((slice) => (
          <SliceTable key={slice.key} slice={slice} selected={selected} onSelect={onSelect} />
        ))}
      </div>
    </Panel>
  );
}

function SliceTable({ slice: { key, values }, selected, onSelect }: Pick<SlicesPanelProps, "selected" | "onSelect"> & { slice: Schemas["SliceOut"] }) {
  const failed = values.some((one) => one.failed > 0);
  const chosen = values.findIndex(({ value }) => `${key}=${value}` === selected);
  const buttons = useRef<(HTMLButtonElement | null)[]>([]);
  return (
    <div className="max-h-96 min-w-0 overflow-y-auto">
      <Table aria-label={`Score by ${formatName(key).toLowerCase()}`}>
        <thead>
          <tr>
            <Th className="sticky top-0 bg-paper">{formatName(key)}</Th>
            <Th className="sticky top-0 bg-paper text-right">n</Th>
            {failed && <Th className="sticky top-0 bg-paper text-right">Failed</Th>}
            <Th className="sticky top-0 bg-paper text-right">Score</Th>
            <Th className="sticky top-0 hidden bg-paper sm:table-cell">95 % interval</Th>
          </tr>
        </thead>
        <tbody>
          {values.map(({ value, runs, failed: failures, estimate }, place) => {
            const slice = `${key}=${value}`;
            const on = slice === selected;
            return (
              <Tr key={value} className={cn("hover:bg-line/25", on && "bg-line/50")}>
                <Td className="h-8 max-w-60 py-1">
                  <button
                    ref={(element) => {
                      buttons.current[place] = element;
                    }}
                    type="button"
                    aria-pressed={on}
                    // The table is one tab stop; the arrow keys move within it.
                    tabIndex={place === Math.max(0, chosen) ? 0 : -1}
                    onKeyDown={(event) => {
                      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
                      if (step === undefined) return;
                      event.preventDefault();
                      buttons.current[place + step]?.focus();
                    }}
                    onClick={() => onSelect(on ? "" : slice)}
                    className="block max-w-full truncate rounded-sm text-left text-ink underline-offset-3 hover:underline"
                  >
                    <bdi>{value}</bdi>
                  </button>
                </Td>
                <Td className="num h-8 py-1 text-right">{formatCount(estimate?.n ?? runs - failures)}</Td>
                {failed && <Td className={cn("num h-8 py-1 text-right", failures > 0 && "text-bad")}>{formatCount(failures)}</Td>}
                <Td className="num h-8 py-1 text-right font-medium whitespace-nowrap text-ink">{formatPercent(estimate?.value)}</Td>
                <Td className="hidden h-8 w-2/5 py-1 sm:table-cell">
                  {estimate && (
                    <div className="flex items-center gap-3">
                      <span className="num w-24 shrink-0 text-xs">{formatInterval(estimate.low, estimate.high)}</span>
                      <IntervalBar {...estimate} />
                    </div>
                  )}
                </Td>
              </Tr>
            );
          })}
        </tbody>
      </Table>
    </div>
  );
}

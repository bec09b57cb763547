"use client";

import { useQuery } from "@tanstack/react-query";

import { ChartPanel } from "@/components/charts/chart-panel";
import { StackedBar } from "@/components/charts/stacked-bar";
import { StageLegend } from "@/components/run/stage-legend";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Failure } from "@/components/ui/state";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import type { Schemas } from "@/lib/api/client";
import { resultQueries } from "@/lib/api/queries";
import { formatDuration } from "@/lib/format";
import { cn } from "@/lib/utils";

import { ColumnHead } from "./column-head";
import { letterOf, type Tone } from "./prepare";
import { prepareStageBars, prepareStageTable } from "./stages";

const tones: Record<Tone, string> = { better: "text-good", worse: "text-bad", same: "", not_distinguishable: "", none: "" };

/** Where the time of a question goes, side by side; nothing unless at least two experiments have measured it. */
export function StagesPanel({ comparison }: { comparison: Schemas["ComparisonOut"] }) {
  const bars = prepareStageBars(comparison);
  const measured = bars.filter(({ total }) => total > 0);
  if (measured.length < 2) return null;
  const longest = Math.max(...measured.map(({ total }) => total));
  return (
    <ChartPanel file="stages" title="Where the time goes" hint="A question's own time, on average, to one scale: without waiting for other questions, and without answers from the cache." flush>
      <div className="flex flex-col gap-3 px-4 py-4">
        {bars.map(({ id, letter, name, parts, total, label, why }) => (
          <div key={id} className="grid items-center gap-x-3 gap-y-1 sm:grid-cols-[12rem_minmax(0,1fr)_5rem]">
            <span className="flex min-w-0 items-center gap-1.5">
              <span className="font-serif text-base text-ink">{letter}</span>
              <span className="truncate" title={name}>{name}</span>
            </span>
            <StackedBar
              label={label}
              title={`${letter} ${name}: ${total > 0 ? formatDuration(total) : why}`}
              parts={parts.map((part) => ({ name: part.label, share: part.ms / longest, fill: part.fill }))}
              legend={({ name: part, share }) => `${part}: ${formatDuration(share * longest)}`}
            />
            <span className="num text-ink sm:text-right">{total > 0 ? formatDuration(total) : why}</span>
          </div>
        ))}
        <StageLegend shown={new Set(measured.flatMap(({ parts }) => parts.map(({ name }) => name)))} />
      </div>
      <StageTable comparison={comparison} />
    </ChartPanel>
  );
}

function StageTable({ comparison }: { comparison: Schemas["ComparisonOut"] }) {
  const ids = comparison.experiments.map(({ experiment_id }) => experiment_id);
  const { data, error, refetch } = useQuery(resultQueries.compareStages(ids));
  if (error) return <Failure error={error} what="the stages" onRetry={() => void refetch()} />;
  if (!data) return <SkeletonRows rows={5} className="h-10" />;
  return (
    <div className="border-t">
      {data.message && <p className="px-4 py-2 text-xs">{data.message}</p>}
      <Table aria-label="Stages side by side">
        <thead>
          <tr>
            <Th className="sticky left-0 bg-paper">Stage, mean on the same questions</Th>
            {comparison.experiments.map(({ experiment_id, name }, index) => (
              <ColumnHead key={experiment_id} letter={letterOf(index)} name={name} />
            ))}
          </tr>
        </thead>
        <tbody>
          {prepareStageTable(comparison, data).map(({ name, label, waits, cells }) => (
            <Tr key={name}>
              <th scope="row" className="sticky left-0 max-w-28 bg-paper px-4 py-2 text-left align-top font-normal text-ink sm:max-w-none">
                {label}
                {waits && <span className="block text-xs text-muted">waiting, not in the bar</span>}
              </th>
              {cells.map(({ text, difference, interval, tone }, index) => (
                <Td key={index} className="py-1.5 align-top">
                  <span className="font-medium whitespace-nowrap text-ink">{text}</span>
                  {difference && <span className={cn("ml-2 font-medium whitespace-nowrap", tones[tone])}>{difference}</span>}
                  {interval && <span className="block text-xs">{interval}</span>}
                </Td>
              ))}
            </Tr>
          ))}
        </tbody>
      </Table>
    </div>
  );
}

"use client";

import { useQuery } from "@tanstack/react-query";

import { ForestPlot } from "@/components/charts/forest-plot";
import { Panel } from "@/components/ui/panel";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import type { Schemas } from "@/lib/api/client";
import { repeatsQueries } from "@/lib/api/repeats";
import { cn } from "@/lib/utils";

import { forestDomain } from "./plots";
import { describeScores, scoreNames } from "./prepare";
import { tones } from "./ranking-table";
import { passForest, preparePasses, wasRepeated } from "./repeats";
import { useScore } from "./use-score";

/** Where questions were asked repeatedly: differences of pass@k and pass^k, paired question by question. */
export function RepeatsPanel({ comparison }: { comparison: Schemas["ComparisonOut"] }) {
  const { experiments } = comparison;
  const [score] = useScore(scoreNames(experiments));
  const ids = experiments.map(({ experiment_id }) => experiment_id);
  const scoring = experiments.map((one) => one.scoring);
  // A graded score is refused: nothing can be said of k right answers.
  const binary = comparison.differences.some((one) => one.score === score && one.both !== null);
  const { data } = useQuery({ ...repeatsQueries.compare({ ids, score, scoring }), enabled: binary && wasRepeated(comparison) });
  if (!data || data.differences.length === 0) return null;
  const rows = passForest(data);
  const { labelOf } = describeScores(experiments);
  return (
    <Panel title="Asked again" hint={`${labelOf(score)} of several answers to each question. ${data.note}`} flush>
      <PassTable repeated={data} />
      <figure className="border-t p-4">
        <ForestPlot rows={rows} domain={forestDomain(rows)} named />
        <figcaption className="text-center text-xs">Difference from A in percentage points, in the order of the table{rows.some(({ plain }) => plain) && ", with simultaneous 95 % intervals (thick: that of each alone)"}; dashed line: no difference.</figcaption>
      </figure>
    </Panel>
  );
}

function PassTable({ repeated }: { repeated: Schemas["ComparedRepeatsOut"] }) {
  return (
    <Table aria-label="Differences of pass@k and pass^k">
      <thead>
        <tr>
          <Th className="sticky left-0 bg-paper">Experiment</Th>
          <Th>Of k answers</Th>
          <Th className="text-right">A</Th>
          <Th className="text-right">This</Th>
          <Th className="text-right">Difference</Th>
          <Th>Interval</Th>
          <Th>p</Th>
          <Th className="text-right">Questions</Th>
        </tr>
      </thead>
      <tbody>
        {preparePasses(repeated).map((row) => (
          <Tr key={row.key} title={row.message}>
            <th scope="row" className="sticky left-0 max-w-32 bg-paper py-1.5 pr-3 pl-4 text-left font-normal sm:max-w-80">
              <span className="flex items-center gap-x-2">
                <span className="w-4 shrink-0 font-serif text-lg leading-5 text-ink">{row.letter}</span>
                <bdi className="min-w-0 truncate text-ink" title={row.name}>{row.name}</bdi>
              </span>
            </th>
            <Td className="num h-9 whitespace-nowrap text-ink">{row.measure}</Td>
            <Td className="num h-9 text-right whitespace-nowrap">{row.baseline}</Td>
            <Td className="num h-9 text-right whitespace-nowrap text-ink">{row.value}</Td>
            <Td className={cn("num h-9 text-right font-medium whitespace-nowrap", tones[row.outcome])}>
              {row.difference}
              <span className="sr-only"> {row.outcome.replaceAll("_", " ")}</span>
            </Td>
            <Td className="num h-9 text-xs whitespace-nowrap">{row.interval}</Td>
            <Td className="num h-9 text-xs whitespace-nowrap">{row.p}</Td>
            <Td className="num h-9 text-right">{row.questions}</Td>
          </Tr>
        ))}
      </tbody>
    </Table>
  );
}

"use client";

import { useQuery } from "@tanstack/react-query";

import { ChartPanel } from "@/components/charts/chart-panel";
import { SmallMultiples } from "@/components/charts/small-multiples";
import { Badge, type Tone } from "@/components/ui/badge";
import { Select } from "@/components/ui/field";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Failure } from "@/components/ui/state";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import type { Schemas } from "@/lib/api/client";
import { sliceQueries } from "@/lib/api/slices";
import { formatName } from "@/lib/format";

import { ColumnHead } from "./column-head";
import { describeScores, letterOf, scoreNames } from "./prepare";
import { fieldChoices, prepareMultiples, prepareSlices, type SliceCell, verdictWords } from "./slices";
import { useMargin } from "./use-margin";
import { useScore } from "./use-score";
import { useSliceField } from "./use-slice-field";

const badges: Record<keyof typeof verdictWords, Tone> = { better: "good", worse: "bad", equivalent: "good", cannot_tell: "plain" };

/** One score slice by slice of the questions: of a topic, of a difficulty, of a length. */
export function SlicesPanel({ comparison }: { comparison: Schemas["ComparisonOut"] }) {
  const names = scoreNames(comparison.experiments);
  const [score] = useScore(names);
  const [margin] = useMargin();
  const [by, setBy] = useSliceField();
  const ids = comparison.experiments.map(({ experiment_id }) => experiment_id);
  const scoring = comparison.experiments.map((one) => one.scoring);
  const shared = comparison.differences.some((one) => one.score === score);
  const query = useQuery({ ...sliceQueries.compare({ ids, score, by, margin, scoring }), enabled: shared });
  if (!shared) return null;
  if (!query.data) {
    return (
      <Panel title="By kind of question" flush>
        {query.error ? <Failure error={query.error} what="the slices" onRetry={() => (by ? setBy("") : void query.refetch())} /> : <SkeletonRows rows={4} className="h-12" />}
      </Panel>
    );
  }
  const sliced = query.data;
  const { labelOf } = describeScores(comparison.experiments);
  const choice = (
    <Select aria-label="Field of the questions" className="h-7 w-auto text-xs" value={sliced.by} onChange={(event) => setBy(event.target.value)}>
      {fieldChoices(sliced).map(({ value, label, disabled, why }) => (
        <option key={value} value={value} disabled={disabled} title={why}>
          {label}
          {disabled && ": too many values, or one"}
        </option>
      ))}
    </Select>
  );
  return (
    <>
      <Panel title="By kind of question" hint={`${labelOf(score)} by ${formatName(sliced.by).toLowerCase()}. ${sliced.note}`} actions={choice} flush>
        <SliceTable sliced={sliced} />
      </Panel>
      <ChartPanel title={`${labelOf(score)} by ${formatName(sliced.by).toLowerCase()}`} hint="each experiment's own answers, with 95 % intervals; coloured where it differs from A on the same questions" file={`slices-${sliced.by}`}>
        <SmallMultiples panels={prepareMultiples(sliced)} />
      </ChartPanel>
    </>
  );
}

function SliceTable({ sliced }: { sliced: Schemas["SlicedComparisonOut"] }) {
  return (
    <Table aria-label="Slices side by side">
      <thead>
        <tr>
          <Th className="sticky left-0 bg-paper">{formatName(sliced.by)}</Th>
          <Th className="text-right">Questions</Th>
          {sliced.experiments.map(({ experiment_id, label }, index) => (
            <ColumnHead key={experiment_id} letter={letterOf(index)} name={label} />
          ))}
        </tr>
      </thead>
      <tbody>
        {prepareSlices(sliced).map(({ value, questions, cells }) => (
          <Tr key={value}>
            <th scope="row" className="sticky left-0 max-w-32 bg-paper px-4 py-2 text-left align-top font-normal text-ink sm:max-w-60">
              <bdi>{value}</bdi>
            </th>
            <Td className="num py-2 text-right align-top">{questions}</Td>
            {cells.map((cell) => (
              <Td key={cell.id} className="py-1.5 align-top">
                <Cell cell={cell} />
              </Td>
            ))}
          </Tr>
        ))}
      </tbody>
    </Table>
  );
}

function Cell({ cell: { text, interval, difference, bounds, p, verdict, message } }: { cell: SliceCell }) {
  return (
    <div title={message || undefined}>
      <span className="font-medium whitespace-nowrap text-ink">{text}</span> <span className="text-xs whitespace-nowrap">{interval}</span>
      {verdict && (
        <span className="mt-0.5 flex flex-wrap items-center gap-x-2 gap-y-0.5">
          <Badge tone={badges[verdict]}>{verdictWords[verdict]}</Badge>
          <span className="num text-xs whitespace-nowrap">{[difference, bounds, p].filter(Boolean).join(" ") || message}</span>
        </span>
      )}
    </div>
  );
}

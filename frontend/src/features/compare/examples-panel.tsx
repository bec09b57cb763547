"use client";

import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { parseAsStringLiteral, useQueryState } from "nuqs";

import { SelectDataset } from "@/components/data/select-dataset";
import { Select } from "@/components/ui/field";
import { LoadMore } from "@/components/ui/load-more";
import { Panel } from "@/components/ui/panel";
import { Segmented } from "@/components/ui/segmented";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Empty, Failure } from "@/components/ui/state";
import type { Schemas } from "@/lib/api/client";
import { labelQueries } from "@/lib/api/labels";
import { resultQueries } from "@/lib/api/queries";
import { plural } from "@/lib/format";

import { ExampleRow } from "./example-row";
import { OutcomeTable } from "./outcome-table";
import { describeScores, letterOf, prepareOutcomes, scoreNames } from "./prepare";
import { usePair } from "./use-pair";
import { useScore } from "./use-score";

const outcomes = ["differ", "same", "all", "both", "only_first", "only_second", "neither", "failed", "misread", "labelled_wrong"] as const;
const PAGE = 15;

/** The answers of the experiments, question by question. */
export function ExamplesPanel({ comparison }: { comparison: Schemas["ComparisonOut"] }) {
  const { experiments, differences } = comparison;
  const names = scoreNames(experiments);
  const { labelOf } = describeScores(experiments);
  const [score, setScore] = useScore(names);
  const [outcome, setOutcome] = useQueryState("outcome", parseAsStringLiteral(outcomes).withDefault("differ"));
  const [second, setSecond] = usePair(experiments.length);
  const others = experiments.filter((_, index) => index !== 0 && index !== second);
  const ordered = [experiments[0], experiments[second], ...others].filter((one) => one !== undefined);
  const pair = differences.find((one) => one.score === score && one.experiment_id === experiments[second]?.experiment_id);
  const cells = prepareOutcomes(pair, letterOf(0), letterOf(second));

  const ids = ordered.map(({ experiment_id }) => experiment_id);
  const scoring = ordered.map((one) => one.scoring);
  const rows = useInfiniteQuery(resultQueries.comparedExamples({ ids, score, outcome, limit: PAGE, scoring }));
  const labels = useQuery(
    labelQueries.summary(
      experiments.map(({ experiment_id }) => experiment_id),
      experiments.map((one) => one.scoring),
    ),
  );
  const items = rows.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Panel
      title="Question by question"
      hint={rows.data ? plural(rows.data.pages[0]?.total ?? 0, "question") : " "}
      flush
      actions={
        <>
          {names.length > 1 && (
            <Select aria-label="Score" className="h-7 w-auto text-xs" value={score} onChange={(event) => setScore(event.target.value)}>
              {names.map((name) => (
                <option key={name} value={name}>
                  {labelOf(name)}
                </option>
              ))}
            </Select>
          )}
          {experiments.length > 2 && (
            <Select aria-label="Pair" className="h-7 w-auto text-xs" value={second} onChange={(event) => setSecond(Number(event.target.value))}>
              {experiments.slice(1).map(({ experiment_id, label: name }, index) => (
                <option key={experiment_id} value={index + 1}>
                  A and {letterOf(index + 1)}: {name}
                </option>
              ))}
            </Select>
          )}
          <Segmented
            label="Which questions"
            value={outcome}
            onChange={(next) => void setOutcome(next)}
            options={[
              { value: "differ", label: "Results differ" },
              { value: "same", label: "Results agree" },
              { value: "all", label: "All" },
              ...(experiments.some(({ metrics }) => metrics.counts.failed > 0) ? [{ value: "failed" as const, label: "One failed" }] : []),
              ...(experiments.some(({ metrics }) => metrics.attribution) ? [{ value: "misread" as const, label: "Misread" }] : []),
              ...(labels.data?.experiments.some(({ verdicts }) => verdicts.wrong) ? [{ value: "labelled_wrong" as const, label: "Labelled wrong" }] : []),
            ]}
          />
          <SelectDataset
            selection={{ kind: "comparison", ids, score, outcome, scorings: scoring }}
            suggestion={`${experiments[0]?.dataset ?? "questions"}-${outcome.replaceAll("_", "-")}`}
            empty={!rows.data?.pages[0]?.total}
          />
        </>
      }
    >
      <OutcomeTable cells={cells} chosen={outcome} onChoose={(next) => void setOutcome(next)} />
      {rows.data ? (
        items.length === 0 ? (
          <Empty title="No questions">No question has this outcome.</Empty>
        ) : (
          <ul className="divide-y border-t">
            {items.map((item) => (
              <ExampleRow key={item.runs.map((run) => run?.id).join(" ")} item={item} experiments={ordered} letters={ids.map((id) => letterOf(experiments.findIndex((one) => one.experiment_id === id)))} score={score} />
            ))}
          </ul>
        )
      ) : rows.error ? (
        <Failure error={rows.error} what="the questions" onRetry={() => void rows.refetch()} />
      ) : (
        <SkeletonRows rows={6} className="h-20" />
      )}
      {items.length > 0 && <LoadMore pages={rows} shown={items.length} total={rows.data?.pages[0]?.total} />}
    </Panel>
  );
}

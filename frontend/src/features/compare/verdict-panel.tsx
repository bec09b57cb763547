"use client";

import { useRef } from "react";

import { ForestPlot } from "@/components/charts/forest-plot";
import { SaveChart } from "@/components/charts/save-chart";
import { ScoreChoice } from "@/components/run/score-choice";
import { Panel } from "@/components/ui/panel";
import type { Schemas } from "@/lib/api/client";
import { formatCount, formatP, formatPercent, formatPointInterval, formatPoints, plural } from "@/lib/format";
import { cn } from "@/lib/utils";

import { describeFamily } from "./family";
import { forestDomain, prepareForest } from "./plots";
import { describeScores, letterOf, scoreNames } from "./prepare";
import { prepareRanking } from "./ranking";
import { RankingTable } from "./ranking-table";
import { useScore } from "./use-score";

type Difference = Schemas["ScoreDifference"];

/** The verdict, the experiments ranked by a score, and each difference with its interval; of many, the sentences on demand. */
export function VerdictPanel({ comparison }: { comparison: Schemas["ComparisonOut"] }) {
  const { experiments, differences, tied_for_best } = comparison;
  const names = scoreNames(experiments);
  const [score, setScore] = useScore(names);
  const figure = useRef<HTMLElement>(null);
  const rows = prepareForest(comparison, score);
  const found = differences.filter((one) => one.score === score);
  const tied = experiments.flatMap(({ experiment_id }, index) => ((tied_for_best[score] ?? []).includes(experiment_id) ? [letterOf(index)] : []));
  const several = rows.some(({ plain }) => plain);
  const many = experiments.length > 2;
  const label = describeScores(experiments).labelOf(score);
  const sentences = (
    <ul className="flex flex-col gap-4">
      {found.map((difference) => (
        <li key={difference.experiment_id} className="flex gap-3">
          <span aria-hidden="true" className="font-serif text-2xl leading-7 text-ink">
            {letterOf(experiments.findIndex(({ experiment_id }) => experiment_id === difference.experiment_id))}
          </span>
          <Sentence difference={difference} />
        </li>
      ))}
    </ul>
  );
  return (
    <Panel
      title="Verdict"
      hint={`${label}, paired on the same questions. ${describeFamily(comparison)}`}
      actions={
        <>
          <ScoreChoice names={names} value={score} onChange={setScore} />
          {rows.length > 0 && <SaveChart title="Verdict" file="differences" body={figure} />}
        </>
      }
      flush
    >
      {many && tied.length > 0 && (
        <p className="border-b px-4 py-3 text-base text-ink">
          Best, or not distinguishable from the best: {tied.join(", ")}.
        </p>
      )}
      {many && <RankingTable rows={prepareRanking(comparison, score)} score={label} />}
      <div className={cn("p-4", many ? "flex flex-col gap-4 border-t" : "grid gap-6 lg:grid-cols-2")}>
        {!many && sentences}
        {rows.length > 0 && (
          <figure ref={figure}>
            <ForestPlot rows={rows} domain={forestDomain(rows)} named={many} />
            <figcaption className="text-center text-xs">Difference from A in percentage points, with {several ? "simultaneous 95 % intervals (thick: that of each comparison alone)" : "95 % intervals"}; dashed line: no difference.</figcaption>
          </figure>
        )}
        {many && (
          <details className="group">
            <summary className="cursor-pointer rounded-sm text-xs font-medium text-ink">Each comparison in words, with its test</summary>
            <div className="mt-4 max-w-4xl">{sentences}</div>
          </details>
        )}
      </div>
      {!many && (
        <div className="border-t">
          <RankingTable rows={prepareRanking(comparison, score)} score={label} />
        </div>
      )}
    </Panel>
  );
}

/** How many questions are paired, how often they were asked, and in how many clusters they are. */
function pairsOf({ n_paired, n_questions }: Difference, units: number): string {
  const questions = plural(n_questions, "question");
  const asked = n_questions < n_paired ? `${formatCount(n_paired)} answers to ${questions}` : questions;
  return units < n_questions ? `${asked} in ${plural(units, "cluster")}` : asked;
}

function Sentence({ difference }: { difference: Difference }) {
  const { statistics, missing } = difference;
  if (!statistics) return <p>{difference.message}</p>;
  const facts: [string, string][] = [
    ["Difference", `${formatPoints(difference.difference)} ${formatPointInterval(statistics.simultaneous_low, statistics.simultaneous_high)}`],
    ...(statistics.family > 1 ? [["Interval of this comparison alone", formatPointInterval(statistics.low, statistics.high)] satisfies [string, string]] : []),
    ["p", formatP(statistics.adjusted_p)],
    ["Only one right", difference.only_this === null ? "graded score" : `${formatCount(difference.only_this)} this one, ${formatCount(difference.only_baseline)} the baseline`],
    ["Paired", pairsOf(difference, statistics.units)],
    ["Means of the pairs", `${formatPercent(difference.this)}, baseline ${formatPercent(difference.baseline)}`],
    ["Detectable difference", statistics.detectable === null ? "–" : `about ${formatPoints(statistics.detectable).slice(1)} points`],
    ["Test", statistics.test === "mcnemar" ? `McNemar, exact (mid-p ${formatP(statistics.mid_p).replace("p ", "")})` : "paired permutation test"],
  ];
  return (
    <div className="min-w-0 flex-1">
      <p className="text-base leading-6 text-ink">{statistics.verdict}</p>
      <dl className="num mt-2 grid grid-cols-2 gap-x-4 gap-y-1.5 text-xs sm:grid-cols-3">
        {facts.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd className="text-ink">{value}</dd>
          </div>
        ))}
      </dl>
      {missing && <p className="mt-2 text-xs text-warn">{missing.message}</p>}
    </div>
  );
}

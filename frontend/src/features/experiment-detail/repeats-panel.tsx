"use client";

import { useQuery } from "@tanstack/react-query";

import { IntervalBar } from "@/components/charts/interval-bar";
import { useScoreNames } from "@/components/run/use-score-names";
import { Panel } from "@/components/ui/panel";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import type { Schemas } from "@/lib/api/client";
import { repeatsQueries } from "@/lib/api/repeats";
import { formatCount, formatInterval, formatPercent } from "@/lib/format";

import { describeAnswers, repeatsFigures } from "./repeats";

/** What chance does where questions were asked repeatedly: variance, pass@k, and answers that flicker. */
export function RepeatsPanel({ id, score, scoring }: { id: string; score: string; scoring: string }) {
  const { data } = useQuery(repeatsQueries.of(id, score, scoring));
  const { labelOf } = useScoreNames();
  if (!data || data.repeats < 2 || data.questions === 0) return null;
  return (
    <Panel title="Asked again" hint={`${labelOf(score)} of ${data.repeats} answers to each question, with 95 % intervals by questions.`} flush>
      <dl className="grid overflow-hidden sm:grid-cols-2 lg:grid-cols-4">
        {repeatsFigures(data).map(({ label, value, interval, help }) => (
          <div key={label} className="-mt-px -ml-px min-w-0 border-t border-l px-4 py-4">
            <dt className="text-xs">{label}</dt>
            <dd className="mt-0.5">
              <span className="num block font-serif text-4xl leading-11 text-ink">{value}</span>
              <span className="num text-xs">{interval}</span>
              <p className="mt-1.5 text-xs">{help}</p>
            </dd>
          </div>
        ))}
      </dl>
      <div className="grid items-start border-t lg:grid-cols-[minmax(0,5fr)_minmax(0,7fr)] lg:divide-x">
        {data.passes.length > 0 && <Passes passes={data.passes} />}
        {data.flickering.length > 0 && <Flickering questions={data.flickering} />}
      </div>
    </Panel>
  );
}

function Passes({ passes }: { passes: Schemas["PassesOut"][] }) {
  return (
    <div className="min-w-0 overflow-x-auto">
      <Table aria-label="pass@k and pass^k">
        <thead>
          <tr>
            <Th className="text-right">k</Th>
            <Th>pass@k: any of k is right</Th>
            <Th>pass^k: all of k are right</Th>
          </tr>
        </thead>
        <tbody>
          {passes.map(({ k, any_right, all_right }) => (
            <Tr key={k}>
              <Td className="num h-9 text-right font-medium text-ink">{k}</Td>
              <Share share={any_right} />
              <Share share={all_right} />
            </Tr>
          ))}
        </tbody>
      </Table>
    </div>
  );
}

function Share({ share }: { share: Schemas["Estimate"] }) {
  return (
    <Td className="h-9 py-1">
      <span className="num text-ink">{formatPercent(share.value)}</span> <span className="num text-xs">{formatInterval(share.low, share.high)}</span>
      <IntervalBar {...share} />
    </Td>
  );
}

function Flickering({ questions }: { questions: Schemas["FlickeringQuestionOut"][] }) {
  return (
    <div className="max-h-96 min-w-0 overflow-y-auto">
      <Table aria-label="Questions that flicker most">
        <thead>
          <tr>
            <Th className="sticky top-0 bg-paper">Flickers most</Th>
            <Th className="sticky top-0 bg-paper">Answers</Th>
            <Th className="sticky top-0 bg-paper text-right">Score</Th>
            <Th className="sticky top-0 bg-paper text-right">n</Th>
          </tr>
        </thead>
        <tbody>
          {questions.map((one) => (
            <Tr key={one.key}>
              <Td className="max-w-72 py-1.5 text-ink">
                <bdi className="line-clamp-2" title={one.question}>
                  {one.question}
                </bdi>
              </Td>
              <Td className="max-w-72 py-1.5">
                <bdi className="line-clamp-2" title={describeAnswers(one)}>
                  {describeAnswers(one)}
                </bdi>
              </Td>
              <Td className="num py-1.5 text-right">{formatPercent(one.score)}</Td>
              <Td className="num py-1.5 text-right">{formatCount(one.answered)}</Td>
            </Tr>
          ))}
        </tbody>
      </Table>
    </div>
  );
}

"use client";

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { IntervalBar } from "@/components/charts/interval-bar";
import { IfMayWrite } from "@/components/layout/read-only";
import { ScoreChoice } from "./score-choice";
import { useScoreNames } from "./use-score-names";
import { Button } from "@/components/ui/button";
import { Link } from "@/components/ui/link";
import { Panel } from "@/components/ui/panel";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import type { Schemas } from "@/lib/api/client";
import { labelHref, labelQueries } from "@/lib/api/labels";
import { plural } from "@/lib/format";

import { accuracyRows, agreementRows, alphaText, differenceRows, labelScores } from "./labels-prepare";

/** What people say of the answers, and what their labels correct; a way to label where nobody has. */
export function LabelsPanel({ ids, scoring = [], asks = false }: { ids: readonly string[]; scoring?: readonly string[]; asks?: boolean }) {
  const { data } = useQuery({ ...labelQueries.summary(ids, scoring), enabled: ids.length > 0 });
  const ask = asks && (
    <IfMayWrite>
      <Button asChild size="sm">
        <Link href={labelHref(ids)}>Label answers</Link>
      </Button>
    </IfMayWrite>
  );
  if (!data) return null;
  if (Object.keys(data.labellers).length === 0) {
    return asks && <Panel title="People’s labels" hint="Scores have errors. Some thirty answers labelled by you, in random order, tell how large they are." actions={ask}>Nobody has labelled an answer yet.</Panel>;
  }
  return <Labelled summary={data} ask={ask} />;
}

function Labelled({ summary, ask }: { summary: Schemas["LabelSummaryOut"]; ask: React.ReactNode }) {
  const names = labelScores(summary);
  const [chosen, setScore] = useState("");
  const score = names.includes(chosen) ? chosen : (names[0] ?? "");
  const { labelOf } = useScoreNames();
  const people = Object.entries(summary.labellers).map(([name, count]) => `${name} ${plural(count, "label")}`);
  return (
    <Panel
      title="People’s labels"
      hint={`${people.join(", ")}. Agreement of people, Krippendorff’s α: ${alphaText(summary.people)}`}
      actions={
        <>
          <ScoreChoice names={names} value={score} onChange={setScore} />
          {ask}
        </>
      }
      flush
    >
      <Table aria-label="Accuracy by people’s labels">
        <thead>
          <tr>
            <Th>Experiment</Th>
            <Th className="text-right">Labelled</Th>
            <Th className="text-right">By labels alone</Th>
            <Th className="text-right">{labelOf(score)} says</Th>
            <Th>Corrected by labels</Th>
          </tr>
        </thead>
        <tbody>
          {accuracyRows(summary, score).map((row) => (
            <Tr key={row.id}>
              <th scope="row" dir="auto" title={row.name} className="max-w-80 truncate py-1.5 pr-3 pl-4 text-left font-medium text-ink">{row.name}</th>
              <Td className="num h-9 text-right whitespace-nowrap">{row.sample}</Td>
              <Td className="num h-9 text-right whitespace-nowrap">{row.alone}</Td>
              <Td className="num h-9 text-right whitespace-nowrap">{row.naive}</Td>
              <Td className="num h-9 min-w-44 text-ink">
                <span className="whitespace-nowrap">{row.text}</span>
                {row.corrected && <IntervalBar value={row.corrected.value} low={row.corrected.low} high={row.corrected.high} />}
              </Td>
            </Tr>
          ))}
          {differenceRows(summary, score).map((row) => (
            <Tr key={`difference ${row.id}`}>
              <th scope="row" dir="auto" title={row.name} className="max-w-80 truncate py-1.5 pr-3 pl-4 text-left font-normal">{row.name} − first, points</th>
              <Td />
              <Td className="num h-9 text-right whitespace-nowrap">{row.alone}</Td>
              <Td className="num h-9 text-right whitespace-nowrap">{row.naive}</Td>
              <Td className="num h-9 whitespace-nowrap text-ink">{row.text}</Td>
            </Tr>
          ))}
        </tbody>
      </Table>
      <Agreements summary={summary} />
      <div className="flex flex-col gap-1 border-t px-4 py-2.5 text-xs">
        {summary.notes.map((note) => <p key={note}>{note}</p>)}
        <p>Corrected by labels: prediction-powered inference, the score of all answers less its errors on the labelled ones, with a 95 % interval.</p>
      </div>
    </Panel>
  );
}

function Agreements({ summary }: { summary: Schemas["LabelSummaryOut"] }) {
  const { labelOf } = useScoreNames();
  const rows = agreementRows(summary);
  if (rows.length === 0) return null;
  return (
    <div className="border-t">
      <Table aria-label="Agreement of scores with people">
        <thead>
          <tr>
            <Th>Score</Th>
            <Th className="text-right">Agrees with people</Th>
            <Th className="text-right">Too lenient</Th>
            <Th className="text-right">Too strict</Th>
            <Th className="text-right">Krippendorff’s α</Th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Tr key={row.score}>
              <th scope="row" className="py-1.5 pr-3 pl-4 text-left font-normal text-ink">{labelOf(row.score)}</th>
              <Td className="num h-8 text-right">{row.same}</Td>
              <Td className="num h-8 text-right">{row.lenient}</Td>
              <Td className="num h-8 text-right">{row.strict}</Td>
              <Td className="num h-8 text-right whitespace-nowrap">{row.alpha}</Td>
            </Tr>
          ))}
        </tbody>
      </Table>
    </div>
  );
}

"use client";

import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Link } from "@/components/ui/link";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import type { Schemas } from "@/lib/api/client";
import { experimentHref } from "@/lib/api/mutations";

import { prepareSteps, type StepCell } from "./prepare";

interface StepTableProps {
  history: Schemas["HistoryOut"];
  onReference: (id: string) => void;
}

/** The experiments, the newest first, with the verdict of each step. */
export function StepTable({ history, onReference }: StepTableProps) {
  return (
    <Table aria-label="Experiments of this configuration">
      <thead>
        <tr>
          <Th className="sticky left-0 bg-paper">Experiment</Th>
          <Th className="text-right">Score</Th>
          <Th className="text-right">From cache</Th>
          <Th>Against the reference</Th>
          <Th>Against the one before</Th>
          <Th>Otherwise than the one before</Th>
        </tr>
      </thead>
      <tbody>
        {prepareSteps(history).map(({ id, name, created, score, interval, cached, reference, againstReference, againstPrevious, changes }) => (
          <Tr key={id}>
            <th scope="row" className="sticky left-0 max-w-40 bg-paper px-4 py-2 text-left align-top font-normal sm:max-w-72">
              <Link href={experimentHref(id)} dir="auto" className="block truncate font-medium text-ink underline-offset-3 hover:underline">
                {name}
              </Link>
              <span className="text-xs text-muted">{created}</span>
            </th>
            <Td className="num py-2 text-right align-top">
              <span className="block font-medium whitespace-nowrap text-ink">{score}</span>
              <span className="text-xs whitespace-nowrap">{interval}</span>
            </Td>
            <Td className="num py-2 text-right align-top whitespace-nowrap">{cached}</Td>
            <Td className="py-2 align-top">
              {reference ? (
                <Badge>Reference</Badge>
              ) : (
                <>
                  <Cell cell={againstReference} />
                  <Button size="sm" variant="ghost" className="-ml-3" onClick={() => onReference(id)}>
                    Use as reference
                  </Button>
                </>
              )}
            </Td>
            <Td className="py-2 align-top">
              <Cell cell={againstPrevious} />
            </Td>
            <Td className="max-w-72 py-2 align-top text-xs [overflow-wrap:anywhere]">
              {changes.map((change) => (
                <span key={change} className="block">
                  {change}
                </span>
              ))}
            </Td>
          </Tr>
        ))}
      </tbody>
    </Table>
  );
}

function Cell({ cell }: { cell: StepCell | null }) {
  if (!cell) return null;
  return (
    <div title={cell.message}>
      <Badge tone={cell.tone}>{cell.verdict}</Badge>
      <span className="num mt-0.5 block text-xs whitespace-nowrap">{cell.numbers || cell.message}</span>
    </div>
  );
}

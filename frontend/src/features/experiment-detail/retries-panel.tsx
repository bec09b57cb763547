"use client";

import { useQuery } from "@tanstack/react-query";

import { Panel } from "@/components/ui/panel";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import { scoringQueries } from "@/lib/api/scorings";
import { formatCount, formatDate, formatName } from "@/lib/format";

/** The retries of failed runs, in place: who asked when, what the runs had failed with, and what became of them. */
export function RetriesPanel({ id }: { id: string }) {
  const { data } = useQuery(scoringQueries.retries(id));
  if (!data || data.length === 0) return null;
  const failures = data.flatMap((retry) => retry.failures.map((run) => ({ ...run, at: retry.created_at })));
  return (
    <Panel title="Retries" hint="Failed runs that were asked again in place. What they were is kept." flush>
      <Table aria-label="Retries">
        <thead>
          <tr>
            <Th>When</Th>
            <Th>By</Th>
            <Th className="text-right">Runs</Th>
            <Th className="text-right">Answered</Th>
            <Th className="text-right">Failed again</Th>
            <Th>Ended early</Th>
          </tr>
        </thead>
        <tbody>
          {data.map((retry) => (
            <Tr key={retry.created_at}>
              <Td className="whitespace-nowrap">{formatDate(retry.created_at)}</Td>
              <Td>
                <bdi>{retry.created_by ?? "–"}</bdi>
              </Td>
              <Td className="num text-right">{formatCount(retry.runs)}</Td>
              <Td className="num text-right">{formatCount(retry.answered)}</Td>
              <Td className="num text-right">{formatCount(retry.failed_again)}</Td>
              <Td className="text-xs [overflow-wrap:anywhere]">{retry.reason ?? "–"}</Td>
            </Tr>
          ))}
        </tbody>
      </Table>
      {failures.length > 0 && (
        <details className="border-t px-4 py-2.5">
          <summary className="cursor-pointer rounded-sm">What the runs had failed with</summary>
          <ul className="mt-2 flex max-h-64 flex-col gap-1 overflow-y-auto text-xs">
            {failures.map((run) => (
              <li key={`${run.at} ${run.example_key} ${String(run.repeat)}`} className="[overflow-wrap:anywhere]">
                <bdi className="font-medium text-ink">{run.example_key}</bdi>: {formatName(run.failure_kind)}, {run.failure_message} {run.status === "ok" ? "Answered now." : "Failed again."}
              </li>
            ))}
          </ul>
        </details>
      )}
    </Panel>
  );
}

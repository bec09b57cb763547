"use client";

import { useQuery } from "@tanstack/react-query";

import { Page } from "@/components/layout/page";
import { Badge } from "@/components/ui/badge";
import { Link } from "@/components/ui/link";
import { Panel } from "@/components/ui/panel";
import { SkeletonRows } from "@/components/ui/skeleton";
import { Empty, Failure } from "@/components/ui/state";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import type { Schemas } from "@/lib/api/client";
import { matrixQueries } from "@/lib/api/matrices";
import { formatAgo, formatCount, formatDate, plural } from "@/lib/format";
import { useNow } from "@/lib/use-now";

import { stateOf } from "./prepare";

const COMMAND = "llmforge bench configs/experiments/optimisation.yaml";

/** The list of matrices; without any, the command that makes one. */
export function MatrixList() {
  const list = useQuery(matrixQueries.list());
  return (
    <Page title="Optimise" lead="Methods × ways to run them on the same questions: what each way gains in speed, and whether the answers stay what they were.">
      <Panel flush>
        {list.data ? (
          list.data.items.length > 0 ? (
            <Matrices matrices={list.data.items} />
          ) : (
            <Empty title="No matrix yet">
              A matrix runs methods in batches, side by side, and with caches, and compares each with running them one by one. Start one in a terminal:
              <code className="verbatim mt-2 block rounded-md bg-line/40 px-3 py-2 text-left text-ink">{COMMAND}</code>
              <span className="mt-2 block">
                With <code>--dry-run</code> it only says what it would take.
              </span>
            </Empty>
          )
        ) : list.error ? (
          <Failure error={list.error} what="the matrices" onRetry={() => void list.refetch()} />
        ) : (
          <SkeletonRows rows={4} className="h-15" />
        )}
      </Panel>
    </Page>
  );
}

function Matrices({ matrices }: { matrices: Schemas["MatrixSummary"][] }) {
  const now = useNow();
  return (
    <Table aria-label="Matrices">
      <thead>
        <tr>
          <Th>Matrix</Th>
          <Th className="hidden md:table-cell">Methods</Th>
          <Th className="hidden text-right sm:table-cell">Questions</Th>
          <Th className="hidden text-right sm:table-cell">Rounds</Th>
          <Th className="text-right">Trials</Th>
          <Th className="hidden text-right sm:table-cell">Created</Th>
        </tr>
      </thead>
      <tbody>
        {matrices.map((matrix) => {
          const { label, tone } = stateOf(matrix);
          return (
            <Tr key={matrix.id} className="hover:bg-line/25">
              <Td className="h-15 w-full max-w-0 py-2">
                <Link href={`/optimise/?id=${matrix.id}`} className="block truncate font-medium text-ink underline-offset-3 hover:underline">
                  {matrix.name}
                </Link>
                <span className="block truncate text-xs">
                  {matrix.model} · {matrix.dataset}
                </span>
              </Td>
              <Td className="hidden whitespace-nowrap md:table-cell">{`${plural(matrix.methods.length, "method")} × ${plural(matrix.optimisations.length, "way")}`}</Td>
              <Td className="num hidden text-right sm:table-cell">{matrix.questions === null ? "all" : formatCount(matrix.questions)}</Td>
              <Td className="num hidden text-right sm:table-cell">{formatCount(matrix.rounds)}</Td>
              <Td className="text-right whitespace-nowrap">
                <Badge tone={tone}>{label}</Badge>
              </Td>
              <Td className="hidden text-right whitespace-nowrap sm:table-cell">
                <time dateTime={matrix.created_at} title={formatDate(matrix.created_at)}>
                  {formatAgo(matrix.created_at, now)}
                </time>
              </Td>
            </Tr>
          );
        })}
      </tbody>
    </Table>
  );
}

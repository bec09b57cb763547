"use client";

import { useQuery } from "@tanstack/react-query";

import { Panel } from "@/components/ui/panel";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import type { Schemas } from "@/lib/api/client";
import { importQueries } from "@/lib/api/imports";
import { formatCount, formatInterval, formatPercent } from "@/lib/format";
import { cn } from "@/lib/utils";

/** Which answers to list: those that the first score calls right and the other does not. */
interface Disagreement {
  score: string;
  against: string;
}

interface AgreementsPanelProps {
  id: string;
  scoring: string;
  /** What the list of runs shows. */
  shown: Disagreement;
  onShow: (chosen: Disagreement) => void;
}

/** The scores of the harness that an experiment was imported from, against ours; a number lists its answers. */
export function AgreementsPanel({ id, scoring, shown, onShow }: AgreementsPanelProps) {
  const { data } = useQuery(importQueries.agreements(id, scoring));
  if (!data || data.agreements.length === 0) return null;
  return (
    <Panel
      title="The harness’s scores against ours"
      hint="Right means a value of 1. Click a number to list the answers on which the two disagree."
      flush
    >
      <Table aria-label="The harness’s scores against ours">
        <thead>
          <tr>
            <Th>Score of the harness</Th>
            <Th>Ours</Th>
            <Th className="text-right">Both right</Th>
            <Th className="text-right">Only the harness’s</Th>
            <Th className="text-right">Only ours</Th>
            <Th className="text-right">Neither</Th>
            <Th className="text-right">Alike, 95 % interval</Th>
          </tr>
        </thead>
        <tbody>
          {data.agreements.map((one) => (
            <Tr key={`${one.theirs} ${one.ours}`} className={cn(isShown(one, shown) && "bg-line/50")}>
              <Td>
                <bdi>{one.theirs_label}</bdi>
              </Td>
              <Td>{one.ours_label}</Td>
              <Td className="num text-right">{formatCount(one.both)}</Td>
              <Td className="text-right">
                <Count count={one.only_theirs} who={`${one.theirs_label} calls right and ${one.ours_label} does not`} onShow={() => onShow({ score: one.theirs, against: one.ours })} />
              </Td>
              <Td className="text-right">
                <Count count={one.only_ours} who={`${one.ours_label} calls right and ${one.theirs_label} does not`} onShow={() => onShow({ score: one.ours, against: one.theirs })} />
              </Td>
              <Td className="num text-right">{formatCount(one.neither)}</Td>
              <Td className="num text-right whitespace-nowrap">
                {formatPercent(one.alike.value)} {formatInterval(one.alike.low, one.alike.high)}
              </Td>
            </Tr>
          ))}
        </tbody>
      </Table>
    </Panel>
  );
}

function isShown({ theirs, ours }: Schemas["HarnessAgreementOut"], { score, against }: Disagreement) {
  return (score === theirs && against === ours) || (score === ours && against === theirs);
}

function Count({ count, who, onShow }: { count: number; who: string; onShow: () => void }) {
  if (count === 0) return <span className="num">0</span>;
  return (
    <button type="button" aria-label={`List ${formatCount(count)} that ${who}`} onClick={onShow} className="num rounded-sm text-ink underline underline-offset-3">
      {formatCount(count)}
    </button>
  );
}

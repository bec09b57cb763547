import { Badge } from "@/components/ui/badge";
import { Panel } from "@/components/ui/panel";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import type { Schemas } from "@/lib/api/client";
import { formatNumber } from "@/lib/format";

import { describeEnds, prepareSettling, titleOf } from "./settling-prepare";

/** A comparison that ends as soon as it is settled: its anytime-valid intervals, and which runs were not made. */
export function SettlingPanel({ settling }: { settling: Schemas["Settling"] }) {
  const rows = prepareSettling(settling);
  if (rows.length === 0) return null;
  const ends = describeEnds(settling);
  return (
    <Panel title={titleOf(settling)} hint={`by ${settling.score}, margin ${formatNumber(100 * settling.margin)} points; the interval holds after every question, however often it is looked at`} flush>
      <Table aria-label="Anytime-valid differences from the baseline">
        <thead>
          <tr>
            <Th>Experiment</Th>
            <Th>Verdict</Th>
            <Th className="text-right">Questions</Th>
            <Th className="text-right">Difference, points</Th>
            <Th className="text-right">Anytime-valid interval</Th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Tr key={row.id}>
              <th scope="row" dir="auto" className="max-w-40 truncate py-1.5 pr-3 pl-4 text-left font-medium text-ink sm:max-w-80">
                {row.name}
              </th>
              <Td className="h-9">
                <Badge tone={row.tone}>{row.verdict}</Badge>
              </Td>
              <Td className="num h-9 text-right whitespace-nowrap">{row.asked}</Td>
              <Td className="num h-9 text-right whitespace-nowrap">{row.difference}</Td>
              <Td className="num h-9 text-right whitespace-nowrap">
                {row.interval} <span className="text-xs text-muted">{row.level}</span>
              </Td>
            </Tr>
          ))}
        </tbody>
      </Table>
      {ends !== "" && (
        <p dir="auto" className="border-t px-4 py-2.5 text-xs">
          {ends}
        </p>
      )}
    </Panel>
  );
}

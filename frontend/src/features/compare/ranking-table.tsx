import { Badge } from "@/components/ui/badge";
import { Link } from "@/components/ui/link";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import { experimentHref } from "@/lib/api/mutations";
import { cn } from "@/lib/utils";

import type { Tone } from "./prepare";
import type { RankedRow } from "./ranking";

export const tones: Record<Tone, string> = { better: "text-good", worse: "text-bad", same: "", not_distinguishable: "", none: "" };

/** The experiments by the chosen score, each with its difference from the baseline, latency and cost. */
export function RankingTable({ rows, score }: { rows: RankedRow[]; score: string }) {
  return (
    <Table aria-label="Experiments, the highest score first">
      <thead>
        <tr>
          <Th className="sticky left-0 bg-paper">Experiment</Th>
          <Th className="text-right">{score}</Th>
          <Th>95 % interval</Th>
          <Th className="text-right">n</Th>
          <Th className="text-right">Difference from A</Th>
          <Th>Interval</Th>
          <Th>p</Th>
          <Th className="text-right">Latency p50</Th>
          <Th className="text-right">Cost of 1,000</Th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Tr key={row.id}>
            <th scope="row" className="sticky left-0 max-w-40 bg-paper py-1.5 pr-3 pl-4 text-left font-normal sm:max-w-80">
              <span className="flex flex-wrap items-center gap-x-2 gap-y-0.5 sm:flex-nowrap">
                <span className="w-4 shrink-0 font-serif text-lg leading-5 text-ink">{row.letter}</span>
                <Link href={experimentHref(row.id)} title={row.name} dir="auto" className="min-w-0 truncate font-medium text-ink underline-offset-3 max-sm:flex-1 max-sm:basis-24 hover:underline">
                  {row.name}
                </Link>
                {row.baseline && <Badge>Baseline</Badge>}
                {row.best && (
                  <Badge tone="good" title="The best, or not distinguishable from the best">
                    ✓ among the best
                  </Badge>
                )}
              </span>
            </th>
            <Td className="num h-9 text-right font-medium text-ink">{row.score?.text ?? "not scored"}</Td>
            <Td className="num h-9 text-xs whitespace-nowrap">{row.score?.interval}</Td>
            <Td className="num h-9 text-right">{row.score?.n}</Td>
            {row.p === "" ? (
              <Td colSpan={3} className="h-9 text-xs">
                {row.difference}
              </Td>
            ) : (
              <>
                <Td className={cn("num h-9 text-right font-medium whitespace-nowrap", tones[row.tone])}>
                  {row.difference}
                  <span className="sr-only"> {row.tone.replaceAll("_", " ")}</span>
                  {row.paired && <span className="block text-xs font-normal text-muted">{row.paired}</span>}
                </Td>
                <Td className="num h-9 text-xs whitespace-nowrap">{row.interval}</Td>
                <Td className="num h-9 whitespace-nowrap">{row.p.replace(/^p (= )?/, "")}</Td>
              </>
            )}
            <Td className="num h-9 text-right whitespace-nowrap">{row.latency}</Td>
            <Td className="num h-9 text-right whitespace-nowrap">{row.cost}</Td>
          </Tr>
        ))}
      </tbody>
    </Table>
  );
}

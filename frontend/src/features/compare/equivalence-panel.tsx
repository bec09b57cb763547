"use client";

import { IntervalBar } from "@/components/charts/interval-bar";
import { Badge, type Tone as BadgeTone } from "@/components/ui/badge";
import { Select } from "@/components/ui/field";
import { Panel } from "@/components/ui/panel";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import type { Schemas } from "@/lib/api/client";
import { formatInterval, formatNumber, formatPercent } from "@/lib/format";

import { type EquivalenceRow, prepareEquivalence } from "./equivalence";
import { describeScores, scoreNames } from "./prepare";
import { MARGINS, useMargin } from "./use-margin";
import { useScore } from "./use-score";

const badges: Record<EquivalenceRow["tone"], BadgeTone> = { better: "good", worse: "bad", same: "good", not_distinguishable: "plain", none: "plain" };

/** Whether each experiment is as good as the baseline, but for a margin, and how many of its answers are the same. */
export function EquivalencePanel({ comparison }: { comparison: Schemas["ComparisonOut"] }) {
  const [score] = useScore(scoreNames(comparison.experiments));
  const rows = prepareEquivalence(comparison, score);
  if (rows.every(({ interval, outputs }) => interval === "" && outputs === null)) return null;
  const { labelOf } = describeScores(comparison.experiments);
  return (
    <Panel title="As good as the baseline?" hint={`${labelOf(score)}, by two one-sided tests at 5 %; what failed counts against it`} actions={<MarginChoice />} flush>
      <Table aria-label="Equivalence with the baseline, and identical answers">
        <thead>
          <tr>
            <Th className="sticky left-0 bg-paper">Experiment</Th>
            <Th>Within the margin</Th>
            <Th className="text-right">Interval, points</Th>
            <Th className="text-right">Questions needed</Th>
            <Th>Same output</Th>
            <Th>Same answer</Th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Tr key={row.id}>
              <th scope="row" className="sticky left-0 max-w-40 bg-paper py-1.5 pr-3 pl-4 text-left font-normal sm:max-w-80">
                <span className="flex items-center gap-x-2">
                  <span className="w-4 shrink-0 font-serif text-lg leading-5 text-ink">{row.letter}</span>
                  <span dir="auto" title={row.name} className="min-w-0 truncate font-medium text-ink">
                    {row.name}
                  </span>
                </span>
              </th>
              <Td className="h-9">{row.interval === "" ? <span className="text-xs">{row.verdict}</span> : <Badge tone={badges[row.tone]}>{`${row.within ? "✓ " : ""}${row.verdict}`}</Badge>}</Td>
              <Td className="num h-9 text-right whitespace-nowrap">
                {row.interval}
                {row.level !== "" && <span className="block text-xs text-muted">{row.level}</span>}
              </Td>
              <Td className="num h-9 text-right whitespace-nowrap">{row.needed}</Td>
              <Share share={row.outputs} />
              <Share share={row.answers} />
            </Tr>
          ))}
        </tbody>
      </Table>
      <p className="border-t px-4 py-2.5 text-xs">
        Not distinguishable does not mean equal: equivalent is only what surely differs by less than the margin. Same output: character by character; same answer: after normalisation, right or wrong. Needed: if nothing differs, with a power of 80 %.
      </p>
    </Panel>
  );
}

function Share({ share }: { share: Schemas["Estimate"] | null }) {
  if (share === null) return <Td className="h-9 text-xs">none is paired</Td>;
  return (
    <Td className="num h-9 min-w-40">
      <span className="whitespace-nowrap text-ink">{formatPercent(share.value)}</span> <span className="text-xs whitespace-nowrap">{formatInterval(share.low, share.high)}</span>
      <IntervalBar value={share.value} low={share.low} high={share.high} />
    </Td>
  );
}

function MarginChoice() {
  const [margin, setMargin] = useMargin();
  const choices = MARGINS.some((one) => one === margin) ? MARGINS : [...MARGINS, margin].sort((a, b) => a - b);
  return (
    <Select aria-label="Margin" className="w-auto" value={margin} onChange={(event) => setMargin(Number(event.target.value))}>
      {choices.map((one) => (
        <option key={one} value={one}>
          margin {formatNumber(100 * one)} {one === 0.01 ? "point" : "points"}
        </option>
      ))}
    </Select>
  );
}

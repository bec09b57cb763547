import { Panel } from "@/components/ui/panel";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import type { Schemas } from "@/lib/api/client";
import { cn } from "@/lib/utils";

import { ColumnHead } from "./column-head";
import { describeFamily, hasSeveralScores } from "./family";
import { FamilyChoice } from "./family-choice";
import { type Cell, letterOf, prepareMetrics, type Tone } from "./prepare";

/** More experiments than this do not fit the page. */
const MANY = 7;

const tones: Record<Tone, string> = { better: "text-good", worse: "text-bad", same: "", not_distinguishable: "", none: "" };
const words: Record<Tone, string> = { better: "better", worse: "worse", same: "the same", not_distinguishable: "not distinguishable", none: "" };

/** All metrics of all experiments, with differences from the baseline by sign and colour. */
export function MetricTable({ comparison }: { comparison: Schemas["ComparisonOut"] }) {
  return (
    <Panel title="Metrics" hint={`Green: better than the baseline. Red: worse. No colour: not distinguishable, or not tested. ${describeFamily(comparison)}${comparison.experiments.length > MANY ? ` Scroll sideways for all ${comparison.experiments.length}.` : ""}`} actions={hasSeveralScores(comparison) && <FamilyChoice />} flush>
      <Table aria-label="Metrics side by side">
        <thead>
          <tr>
            <Th className="sticky left-0 bg-paper">Metric</Th>
            {comparison.experiments.map(({ experiment_id, name }, index) => (
              <ColumnHead key={experiment_id} letter={letterOf(index)} name={name} />
            ))}
          </tr>
        </thead>
        <tbody>
          {prepareMetrics(comparison).map((row) => (
            <Tr key={row.name}>
              <th scope="row" className="sticky left-0 max-w-28 bg-paper px-4 py-2 text-left font-normal sm:max-w-none">
                <span className="block text-ink">{row.name}</span>
                <span className="hidden w-48 text-xs sm:block">{row.basis}</span>
              </th>
              {row.cells.map((cell, index) => (
                <Td key={index} className="py-1.5 align-top">
                  <Value cell={cell} />
                </Td>
              ))}
            </Tr>
          ))}
        </tbody>
      </Table>
    </Panel>
  );
}

function Value({ cell }: { cell: Cell }) {
  return (
    <div className="py-0.5 sm:whitespace-nowrap">
      <span className="font-medium text-ink">{cell.text}</span>
      {cell.difference && (
        <span className={cn("ml-2 font-medium", tones[cell.tone])}>
          {cell.difference} <span className="sr-only">{words[cell.tone]}</span>
        </span>
      )}
      {cell.interval && <span className="block text-xs">{cell.interval}</span>}
      {cell.note && <span className="block text-xs">{cell.note}</span>}
    </div>
  );
}

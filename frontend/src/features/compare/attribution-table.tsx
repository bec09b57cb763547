import { OutcomeLabel } from "@/components/retrieval/attribution";
import { Panel } from "@/components/ui/panel";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import type { Schemas } from "@/lib/api/client";
import { formatCount, formatPercent } from "@/lib/format";

import { ColumnHead } from "./column-head";
import { prepareAttributionTable } from "./attribution-prepare";

/** The answer attribution side by side; nothing unless at least two of the experiments have retrieval. */
export function AttributionTable({ comparison }: { comparison: Schemas["ComparisonOut"] }) {
  const { columns, rows } = prepareAttributionTable(comparison);
  if (columns.length < 2) return null;
  return (
    <Panel title="Answer attribution" hint="Right and wrong answers by whether the prompt contained an accepted answer; without yes/no and arithmetic questions." flush>
      <Table aria-label="Answer attribution, side by side">
        <thead>
          <tr>
            <Th className="sticky left-0 bg-paper">Outcome</Th>
            {columns.map(({ letter, name, total }) => (
              <ColumnHead key={letter} letter={letter} name={name}>
                <span className="num shrink-0 font-normal">n = {formatCount(total)}</span>
              </ColumnHead>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, label, right, meaning, cells }) => (
            <Tr key={name}>
              <th scope="row" className="sticky left-0 max-w-36 bg-paper px-4 py-2 text-left font-normal sm:max-w-none">
                <span className="text-ink">
                  <OutcomeLabel name={name} label={label} right={right} />
                </span>
                <span className="hidden max-w-80 text-xs sm:block">{meaning}</span>
              </th>
              {cells.map(({ count, share }, index) => (
                <Td key={index} className="py-1.5 align-top">
                  <span className="font-medium text-ink">{formatPercent(share)}</span>
                  <span className="block text-xs">{formatCount(count)}</span>
                </Td>
              ))}
            </Tr>
          ))}
        </tbody>
      </Table>
    </Panel>
  );
}

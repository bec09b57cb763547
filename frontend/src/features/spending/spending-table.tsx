import { Table, Td, Th, Tr } from "@/components/ui/table";
import type { Schemas } from "@/lib/api/client";
import { formatCount, formatName, plural } from "@/lib/format";

import { type Grouping, moneyText, NOT_KNOWN, prepareLines, type SpendingLine } from "./prepare";

interface SpendingTableProps {
  spending: Schemas["SpendingOut"];
  grouping: Grouping;
}

/** What was spent, row by row, with the sum of all. */
export function SpendingTable({ spending, grouping }: SpendingTableProps) {
  const { total } = spending;
  return (
    <Table aria-label={`Spending by ${grouping}`}>
      <thead>
        <tr>
          <Th className="sticky left-0 bg-paper">{formatName(grouping)}</Th>
          <Th className="text-right">Cost</Th>
          <Th className="text-right">Calls</Th>
          <Th className="text-right">Prompt tokens</Th>
          <Th className="text-right">Completion tokens</Th>
          <Th className="text-right">Saved by the cache</Th>
        </tr>
      </thead>
      <tbody>
        {prepareLines(spending, grouping).map((line) => (
          <Line key={line.name} line={line} />
        ))}
        <Line line={{ name: "All", sums: total, cost: moneyText(total.usd), saved: moneyText(total.saved_usd) }} strong />
      </tbody>
    </Table>
  );
}

function Line({ line: { name, sums, cost, saved }, strong = false }: { line: SpendingLine; strong?: boolean }) {
  return (
    <Tr className={strong ? "font-medium text-ink" : undefined}>
      <th scope="row" dir="auto" className="sticky left-0 max-w-44 truncate bg-paper px-4 py-2 text-left font-medium text-ink sm:max-w-none" title={name}>
        {name}
      </th>
      <Td className="num text-right whitespace-nowrap text-ink">
        {cost}
        {sums.usd !== null && sums.runs_without_price > 0 && <span className="block text-xs text-muted">{plural(sums.runs_without_price, "run")} {NOT_KNOWN}</span>}
      </Td>
      <Td className="num text-right">
        {formatCount(sums.calls)}
        {sums.runs_from_cache > 0 && <span className="block text-xs whitespace-nowrap text-muted">{formatCount(sums.runs_from_cache)} runs cached</span>}
      </Td>
      <Tokens sums={sums} count={sums.prompt_tokens} part={sums.cache_read_tokens} of="from the provider's cache" />
      <Tokens sums={sums} count={sums.completion_tokens} part={sums.reasoning_tokens} of="thinking" />
      <Td className="num text-right">{saved}</Td>
    </Tr>
  );
}

interface TokensProps {
  sums: Schemas["SpendingSums"];
  count: number;
  /** A part of them that has its own price. */
  part: number;
  of: string;
}

function Tokens({ sums, count, part, of }: TokensProps) {
  const none = count === 0 && sums.runs_without_tokens > 0;
  return (
    <Td className="num text-right">
      {none ? NOT_KNOWN : formatCount(count)}
      {part > 0 && (
        <span className="block text-xs whitespace-nowrap text-muted">
          {formatCount(part)} {of}
        </span>
      )}
    </Td>
  );
}

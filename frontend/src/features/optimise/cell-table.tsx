import { Badge } from "@/components/ui/badge";
import { Link } from "@/components/ui/link";
import { Panel } from "@/components/ui/panel";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import { formatCost, formatDuration, formatInterval, formatName, formatNumber, formatPercent } from "@/lib/format";

import { type Cell, equivalenceOf, formatRate, formatSpeed, identicalOf, type Matrix } from "./prepare";

/** Every cell with all of its figures; the trials of a cell are linked. */
export function CellTable({ matrix }: { matrix: Matrix }) {
  return (
    <Panel title="Cells" hint="Each trial is an experiment; the numbers of rounds open them" flush>
      <Table aria-label="Cells">
        <thead>
          <tr>
            <Th className="text-right">No.</Th>
            <Th>Cell</Th>
            <Th className="text-right">Speed</Th>
            <Th className="text-right">Same answers</Th>
            <Th className="text-right">Same outputs</Th>
            <Th className="text-right">{formatName(matrix.score)}</Th>
            <Th>Against {matrix.baseline}</Th>
            <Th className="text-right">Questions/s</Th>
            <Th className="text-right">p50</Th>
            <Th className="text-right">p95</Th>
            <Th className="text-right">Tokens a question</Th>
            <Th className="text-right">Cost of 1,000</Th>
            <Th className="text-right">From cache</Th>
            <Th>Rounds</Th>
          </tr>
        </thead>
        <tbody>
          {matrix.cells.map((cell, index) => (
            <Row key={`${cell.method} ${cell.optimisation}`} cell={cell} number={index + 1} baseline={cell.optimisation === matrix.baseline} />
          ))}
        </tbody>
      </Table>
    </Panel>
  );
}

function Row({ cell, number, baseline }: { cell: Cell; number: number; baseline: boolean }) {
  const equivalence = equivalenceOf(cell);
  const identical = identicalOf(cell);
  const figure = "num text-right whitespace-nowrap text-ink";
  return (
    <Tr className="hover:bg-line/25">
      <Td className="num text-right">{number}</Td>
      <Td className="whitespace-nowrap">
        <span className="font-medium text-ink">{cell.method}</span>, {cell.optimisation}
        {cell.reasons.map((reason) => (
          <span key={reason} className="block w-80 py-0.5 text-xs whitespace-normal text-bad">
            {reason}
          </span>
        ))}
      </Td>
      <Td className={figure}>{cell.questions_per_s === null ? cell.state : baseline ? "baseline" : formatSpeed(cell.against?.speed)}</Td>
      <Td className={figure}>{identical.answers}</Td>
      <Td className={figure}>{identical.outputs}</Td>
      <Td className={figure}>{cell.score ? `${formatPercent(cell.score.value)} ${formatInterval(cell.score.low, cell.score.high)}` : "–"}</Td>
      <Td className="whitespace-nowrap">
        {equivalence && (
          <>
            <Badge tone={equivalence.tone}>{equivalence.label}</Badge> <span className="num text-xs">{equivalence.difference}</span>
          </>
        )}
      </Td>
      <Td className={figure}>{formatRate(cell.questions_per_s)}</Td>
      <Td className={figure}>{formatDuration(cell.latency_p50_ms)}</Td>
      <Td className={figure}>{formatDuration(cell.latency_p95_ms)}</Td>
      <Td className={figure}>{formatNumber(cell.tokens_per_question)}</Td>
      <Td className={figure}>{cell.score ? formatCost(cell.usd_per_1000) : "–"}</Td>
      <Td className={figure}>{formatPercent(cell.hit_rate)}</Td>
      <Td className="whitespace-nowrap">
        <span className="flex gap-2">
          {cell.trials.map(({ round, experiment_id, status }) =>
            experiment_id ? (
              <Link key={round} href={`/experiments/view/?id=${experiment_id}`} className="num text-ink underline underline-offset-3" aria-label={`Round ${round} of ${cell.method}, ${cell.optimisation}: ${status}`}>
                {round}
                {status === "failed" && " ✗"}
                {status === "running" && " …"}
              </Link>
            ) : (
              <span key={round} className="num">
                {status === "refused" ? `${round} ✗` : "–"}
              </span>
            ),
          )}
        </span>
      </Td>
    </Tr>
  );
}

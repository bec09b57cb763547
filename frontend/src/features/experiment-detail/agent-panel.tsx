"use client";

import { type ReactNode, useState } from "react";

import { IntervalBar } from "@/components/charts/interval-bar";
import { Link } from "@/components/ui/link";
import { Panel } from "@/components/ui/panel";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import type { Schemas } from "@/lib/api/client";
import { formatCount, formatInterval, formatNumber, formatNumberInterval, formatPercent, formatRatio, plural } from "@/lib/format";
import type { EstimatedFigure } from "@/lib/metrics";

import { type Counts, prepareOutcomes, prepareTools, sumTools } from "./agent-prepare";
import { EstimateNote } from "./estimate-note";
import { ToolBadge } from "./tool-badge";

type Agent = Schemas["AgentStatistics"];

/** Models make up tool names: only this many tools, the most called ones, are shown at first. */
const MAX_TOOLS = 8;

interface AgentPanelProps {
  id: string;
  agent: Agent;
  shares: EstimatedFigure[];
  naive: Schemas["TokensToNaive"] | null;
}

/** The runs of an agent: outcomes, steps, token cost and tool calls. */
export function AgentPanel({ id, agent, shares, naive }: AgentPanelProps) {
  return (
    <Panel title="Agent runs" hint={`${plural(agent.runs, "run")}, failed ones included.`} flush>
      <dl className="grid overflow-hidden sm:grid-cols-2 lg:grid-cols-4">
        {shares.map((figure) => (
          <Share key={figure.name} figure={figure} />
        ))}
        <Card label="Mean steps per run" value={formatNumber(agent.iterations.value)}>
          <EstimateNote of="Mean steps per run" estimate={agent.iterations} interval={formatNumberInterval(agent.iterations.low, agent.iterations.high)} over="runs" />
          <p className="num mt-1.5 text-xs">
            {agent.repairs === 0 ? "No step needed a repair prompt." : `${plural(agent.repairs, "step")} needed a repair prompt.`}
          </p>
        </Card>
        <Tokens id={id} naive={naive} />
      </dl>
      <div className="grid border-t lg:grid-cols-[minmax(0,5fr)_minmax(0,7fr)] lg:divide-x">
        <Outcomes agent={agent} />
        <Tools agent={agent} />
      </div>
    </Panel>
  );
}

function Card({ label, value, children }: { label: string; value: string; children: ReactNode }) {
  return (
    <div className="-mt-px -ml-px min-w-0 border-t border-l px-4 py-4">
      <dt className="text-xs">{label}</dt>
      <dd className="mt-0.5">
        <span className="num block font-serif text-4xl leading-11 text-ink">{value}</span>
        {children}
      </dd>
    </div>
  );
}

function Share({ figure: { label, value, low, high, n, basis, help } }: { figure: EstimatedFigure }) {
  return (
    <Card label={label} value={formatPercent(value)}>
      <EstimateNote of={label} estimate={{ n, method: basis }} interval={formatInterval(low, high)} over="runs" />
      <div className="mt-1.5">
        <IntervalBar value={value} low={low} high={high} />
      </div>
      <p className="mt-1.5 text-xs">{help}</p>
    </Card>
  );
}

function Tokens({ id, naive }: Pick<AgentPanelProps, "id" | "naive">) {
  if (!naive) {
    return (
      <Card label="Token ratio to naive" value="–">
        <p className="text-xs">Run the naive method on the same questions, with this model and seed, to compare.</p>
      </Card>
    );
  }
  return (
    <Card label="Token ratio to naive" value={formatRatio(naive.ratio)}>
      <p className="num text-xs">
        {naive.low !== null && `${formatNumberInterval(naive.low, naive.high)}, `}n = {formatCount(naive.n)}
      </p>
      <p className="mt-1.5 text-xs">
        Tokens per question, as a multiple of those of{" "}
        <Link
          href={`/compare/?ids=${naive.experiment_id},${id}`}
          className="[overflow-wrap:anywhere] underline decoration-line underline-offset-3 hover:text-ink hover:decoration-current"
        >
          {naive.name}
        </Link>.
      </p>
    </Card>
  );
}

function Outcomes({ agent }: { agent: Agent }) {
  return (
    <section aria-label="Outcomes" className="min-w-0">
      <h3 className="px-4 pt-3 pb-1 font-sans text-xs font-medium">Outcomes</h3>
      <ul className="divide-y">
        {prepareOutcomes(agent).map(({ outcome, label, count, share }) => (
          <li key={outcome} className="flex min-h-11 items-center gap-3 px-4 py-2">
            <span className="min-w-0 flex-1 text-ink">{label}</span>
            <div aria-hidden="true" className="h-1.5 w-20 shrink-0 rounded-full bg-line">
              <div className="h-full rounded-full bg-data-1" style={{ width: `${Math.max(1, share * 100)}%` }} />
            </div>
            <span className="num w-10 shrink-0 text-right text-ink">{formatCount(count)}</span>
            <span className="num w-14 shrink-0 text-right text-xs">{formatPercent(share)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Tools({ agent }: { agent: Agent }) {
  const [all, setAll] = useState(false);
  const rows = prepareTools(agent.tools);
  const failed = agent.failed_uses;
  return (
    <section aria-label="Tool calls" className="min-w-0 border-t lg:border-t-0">
      <div className="flex flex-wrap items-baseline gap-x-3 px-4 pt-3 pb-1">
        <h3 className="font-sans text-xs font-medium">Tool calls</h3>
        {failed ? (
          <p className="num text-xs">
            <span className="font-medium text-ink">{formatPercent(failed.value)}</span> failed{" "}
            <EstimateNote of="Failed tool calls" estimate={failed} interval={formatInterval(failed.low, failed.high)} over="tool calls" />
          </p>
        ) : (
          <p className="text-xs">No tool was called.</p>
        )}
      </div>
      {rows.length > 0 && (
        <Table aria-label="Tool calls by result">
          <thead>
            <tr>
              <Th>Tool</Th>
              {["Result used", "Failed", "Result unused", "All"].map((name) => (
                <Th key={name} className="px-1.5 text-right whitespace-normal sm:px-3 sm:whitespace-nowrap">
                  {name}
                </Th>
              ))}
            </tr>
          </thead>
          <tbody>
            {(all ? rows : rows.slice(0, MAX_TOOLS)).map((row) => (
              <Tr key={row.tool}>
                <th scope="row" className="h-11 min-w-28 py-1.5 pl-4 text-left font-normal">
                  <ToolBadge tool={row.tool} />
                </th>
                <Numbers counts={row} />
              </Tr>
            ))}
            <Tr>
              <th scope="row" className="h-11 py-1.5 pl-4 text-left text-xs font-medium text-ink">
                All
              </th>
              <Numbers counts={sumTools(rows)} />
            </Tr>
          </tbody>
        </Table>
      )}
      {rows.length > MAX_TOOLS && (
        <button type="button" aria-expanded={all} onClick={() => setAll(!all)} className="m-3 rounded-sm px-1 text-xs underline decoration-line underline-offset-3">
          {all ? "Show the most called" : `Show all ${formatCount(rows.length)} names`}
        </button>
      )}
    </section>
  );
}

function Numbers({ counts: { successful, failed, unneeded, total } }: { counts: Counts }) {
  return [successful, failed, unneeded, total].map((count, index) => (
    <Td key={index} className="px-1.5 text-right text-ink sm:px-3">
      {formatCount(count)}
    </Td>
  ));
}

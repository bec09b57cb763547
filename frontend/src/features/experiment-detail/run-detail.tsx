"use client";

import { useQuery } from "@tanstack/react-query";
import { ChevronLeft, ChevronRight } from "lucide-react";

import { RunMark } from "@/components/run/run-mark";
import { useScoreNames } from "@/components/run/use-score-names";
import { Verbatim } from "@/components/text/verbatim";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Panel } from "@/components/ui/panel";
import { Skeleton } from "@/components/ui/skeleton";
import { Empty, Failure } from "@/components/ui/state";
import type { Schemas } from "@/lib/api/client";
import { resultQueries } from "@/lib/api/queries";
import { formatCost, formatCount, formatDuration, formatName, formatNumber } from "@/lib/format";
import { PRIMARY_SCORE } from "@/lib/metrics";

import { CallAccordion, CallSequence, useExpandedCalls } from "./call-list";
import { readCall } from "./calls";
import type { GridData } from "./prepare";
import { Retrieved } from "./retrieved";
import { RunWarnings } from "./thinking";
import { TraceTimeline } from "./trace";
import { stepsOfCalls } from "./trace-prepare";

type Run = Schemas["RunOut"];

interface RunDetailProps {
  id: string;
  runId: number | null;
  grid: GridData;
  onSelect: (runId: number) => void;
}

/** One run: question, prompt, raw output, parsed answer, and scores with their reasons. */
export function RunDetail({ id, runId, grid, onSelect }: RunDetailProps) {
  const query = useQuery({ ...resultQueries.run(id, runId ?? 0), enabled: runId !== null });
  const index = runId === null ? undefined : grid.indexOf.get(runId);
  const step = (by: number) => (index === undefined ? undefined : grid.runIds[index + by]);
  const go = (to: number | undefined) => to !== undefined && onSelect(to);
  return (
    <Panel
      title={query.data && runId !== null ? query.data.example_key : "Run"}
      hint={index === undefined ? "Select a cell or a row." : `Run ${formatCount(index + 1)} of ${formatCount(grid.states.length)}`}
      actions={
        <>
          <Button variant="ghost" size="icon-sm" aria-label="Previous run" disabled={step(-1) === undefined} onClick={() => go(step(-1))}>
            <ChevronLeft />
          </Button>
          <Button variant="ghost" size="icon-sm" aria-label="Next run" disabled={step(1) === undefined} onClick={() => go(step(1))}>
            <ChevronRight />
          </Button>
        </>
      }
    >
      {runId === null ? (
        <Empty title="No run selected">Select a run to see its prompt, raw output and scores.</Empty>
      ) : query.data ? (
        <div className="max-h-[640px] overflow-y-auto" tabIndex={0} role="region" aria-label="Run">
          <Detail key={query.data.id} run={query.data} />
        </div>
      ) : query.error ? (
        <Failure error={query.error} what="this run" onRetry={() => void query.refetch()} />
      ) : (
        <Skeleton className="h-80" />
      )}
    </Panel>
  );
}

function Detail({ run }: { run: Run }) {
  const calls = run.calls.map(readCall);
  const expanded = useExpandedCalls();
  const { trace } = run;
  return (
    <div className="flex flex-col gap-4" data-run={run.id}>
      <p className="text-base leading-6 text-ink">{run.question}</p>
      <dl className="grid gap-x-6 gap-y-3 sm:grid-cols-2">
        <div className="min-w-0">
          <dt className="text-xs">Answer</dt>
          <dd className="mt-0.5 flex flex-wrap items-center gap-2">
            <span className="font-medium [overflow-wrap:anywhere] text-ink">{run.answer ?? "none"}</span>
            <RunMark status={run.status} value={run.scores[PRIMARY_SCORE]?.value} failure={run.failure_kind} />
          </dd>
          <dd className="mt-0.5 text-xs">{parsedBy(run)}</dd>
        </div>
        <div className="min-w-0">
          <dt className="text-xs">Accepted</dt>
          <dd className="mt-0.5 flex flex-wrap gap-1">
            {run.gold.slice(0, 8).map((answer) => (
              <Badge key={answer} className="h-auto min-h-5 [overflow-wrap:anywhere] whitespace-normal">
                {answer}
              </Badge>
            ))}
            {run.gold.length > 8 && <span className="text-xs">and {run.gold.length - 8} more</span>}
          </dd>
        </div>
      </dl>
      {run.failure_message && (
        <p className="rounded-md border border-bad/30 bg-bad/8 px-3 py-2 [overflow-wrap:anywhere] text-ink">
          <span className="font-medium">{formatName(run.failure_kind ?? "failed")}:</span> {run.failure_message}
        </p>
      )}
      <RunWarnings warnings={run.warnings} />
      {Object.keys(run.scores).length > 0 && <Scores scores={run.scores} />}
      {trace && <TraceTimeline trace={trace} onCall={expanded.goTo} />}
      {run.output !== null && <Verbatim label="Raw output">{run.output}</Verbatim>}
      {run.retrieved && <Retrieved passages={run.retrieved} gold={run.gold} />}
      {trace ? <CallAccordion calls={calls} expanded={expanded} stepOf={stepsOfCalls(trace)} /> : <CallSequence calls={calls} />}
      <Facts run={run} finish={calls.at(-1)?.finish} />
    </div>
  );
}

/** Metadata as one line; lists by their items, nested values as JSON. */
function oneLine(value: unknown): string {
  if (Array.isArray(value)) return value.map(oneLine).join(", ");
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

function parsedBy(run: Run): string {
  if (run.parse_outcome === null) return "";
  const rule = run.parse_rule ? `, by the rule “${formatName(run.parse_rule).toLowerCase()}”` : "";
  return `${formatName(run.parse_outcome)}${rule}`;
}

function Scores({ scores }: { scores: Run["scores"] }) {
  const names = useScoreNames();
  return (
    <table className="w-full text-sm">
      <caption className="sr-only">Scores with reasons</caption>
      <tbody className="divide-y rounded-md border">
        {names.inOrder(Object.keys(scores)).map((name) => (
          <tr key={name}>
            <th scope="row" className="w-28 py-1.5 pl-3 text-left font-normal sm:w-36">
              {names.labelOf(name)}
            </th>
            <td className="w-14 py-1.5 font-medium text-ink">{formatNumber(scores[name]?.value)}</td>
            <td className="py-1.5 pr-3 text-xs">{scores[name]?.reason}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The cost of all calls, and what was paid where some came from the cache. */
function costOf({ cost_usd, paid_usd }: Run): string {
  const saved = cost_usd !== null && paid_usd !== null && paid_usd !== cost_usd;
  return saved ? `${formatCost(cost_usd)}, ${formatCost(paid_usd)} paid` : formatCost(cost_usd);
}

function Facts({ run, finish }: { run: Run; finish: string | undefined }) {
  const facts: [string, string][] = [
    ["Latency", run.cached ? "from cache" : formatDuration(run.latency_ms)],
    ["Model time", run.cached ? "from cache" : formatDuration(run.model_ms ?? run.latency_ms)],
    ["Queue time", formatDuration(run.queue_ms)],
    ["Attempts", formatCount(run.attempts)],
    ["Tokens", `${formatCount(run.prompt_tokens)} in, ${formatCount(run.completion_tokens)} out`],
    ["Cost", costOf(run)],
    ["Finish reason", finish ?? "–"],
    ["Repeat", formatCount(run.repeat + 1)],
    ["Cluster", run.cluster ?? "–"],
    ["Content hash", run.content_hash.slice(0, 12)],
    ...Object.entries(run.metadata).map(([key, value]): [string, string] => [formatName(key), oneLine(value)]),
  ];
  return (
    <dl className="grid grid-cols-2 gap-x-6 gap-y-2 border-t pt-3 text-xs sm:grid-cols-3">
      {facts.map(([label, value]) => (
        <div key={label} className="min-w-0">
          <dt>{label}</dt>
          <dd className="num [overflow-wrap:anywhere] text-ink">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

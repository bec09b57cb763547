"use client";

import { ChevronRight } from "lucide-react";
import type { ReactNode } from "react";

import { RunMark } from "@/components/run/run-mark";
import { useScoreNames } from "@/components/run/use-score-names";
import { ShortText } from "@/components/text/long-text";
import { Verbatim } from "@/components/text/verbatim";
import { Badge } from "@/components/ui/badge";
import type { Schemas } from "@/lib/api/client";
import { formatCost, formatCount, formatDuration, formatName, formatNumber } from "@/lib/format";
import { PRIMARY_SCORE } from "@/lib/metrics";
import { cn } from "@/lib/utils";

import { CallAccordion, CallSequence, useExpandedCalls } from "./call-list";
import { readCall } from "./calls";
import { Retrieved } from "./retrieved";
import { RunWarnings } from "./thinking";
import { TraceTimeline } from "./trace";
import { stepsOfCalls } from "./trace-prepare";
import { Waterfall } from "./waterfall";

type Run = Schemas["RunOut"];

/** Characters of a question, of an accepted answer and of a reason before the reader asks for all. */
const QUESTION = 1_500;
const GOLD = 160;
const REASON = 240;
/** Accepted answers that are shown. */
const GOLDS = 8;
/** The group of the scores that are shown open; those of retrieval and the like are folded. */
const OPEN_GROUP = "answer";

interface RunContentProps {
  run: Run;
  /** There is room for two columns. */
  wide: boolean;
}

/** Question, answer and its scores; then what led to it: trace or passages, output, prompts. */
export function RunContent({ run, wide }: RunContentProps) {
  const calls = run.calls.map(readCall);
  const expanded = useExpandedCalls();
  const { trace } = run;
  const evidence = (
    <>
      {trace && <TraceTimeline trace={trace} onCall={expanded.goTo} />}
      {run.retrieved && <Retrieved passages={run.retrieved} gold={run.gold} />}
      {run.output !== null && <Verbatim label="Raw output">{run.output}</Verbatim>}
      {run.stages && run.stages.length > 0 && <Waterfall stages={run.stages} />}
      {trace ? <CallAccordion calls={calls} expanded={expanded} stepOf={stepsOfCalls(trace)} /> : <CallSequence calls={calls} />}
    </>
  );
  return (
    <div className={cn("flex flex-col gap-4", wide && "lg:grid lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)] lg:items-start lg:gap-6")} data-run={run.id}>
      <div className="flex min-w-0 flex-col gap-4">
        <p dir="auto" className="text-base leading-6 text-ink">
          <ShortText limit={QUESTION}>{run.question}</ShortText>
        </p>
        <AnswerAndGold run={run} />
        {run.failure_message && (
          <p className="rounded-md border border-bad/30 bg-bad/8 px-3 py-2 [overflow-wrap:anywhere] text-ink">
            <span className="font-medium">{formatName(run.failure_kind ?? "failed")}:</span>{" "}
            <span dir="auto">
              <ShortText limit={QUESTION}>{run.failure_message}</ShortText>
            </span>
          </p>
        )}
        <RunWarnings warnings={run.warnings} />
        <Scores scores={run.scores} />
        {wide && <Facts run={run} finish={calls.at(-1)?.finish} />}
      </div>
      <div className="flex min-w-0 flex-col gap-4">
        {evidence}
        {!wide && <Facts run={run} finish={calls.at(-1)?.finish} />}
      </div>
    </div>
  );
}

function AnswerAndGold({ run }: { run: Run }) {
  return (
    <dl className="grid gap-x-6 gap-y-3 sm:grid-cols-2">
      <div className="min-w-0">
        <dt className="text-xs">Answer</dt>
        <dd className="mt-0.5 flex flex-wrap items-center gap-2">
          <span dir="auto" className="min-w-0 font-medium [overflow-wrap:anywhere] text-ink">{run.answer === null ? "none" : <ShortText limit={2 * GOLD}>{run.answer}</ShortText>}</span>
          <RunMark status={run.status} value={run.scores[PRIMARY_SCORE]?.value} failure={run.failure_kind} />
        </dd>
        <dd className="mt-0.5 text-xs">{parsedBy(run)}</dd>
      </div>
      <div className="min-w-0">
        <dt className="text-xs">Accepted</dt>
        <dd className="mt-0.5 flex flex-wrap gap-1">
          {run.gold.slice(0, GOLDS).map((answer, index) => (
            <Badge key={index} dir="auto" className="h-auto min-h-5 max-w-full [overflow-wrap:anywhere] whitespace-normal">
              <ShortText limit={GOLD}>{answer}</ShortText>
            </Badge>
          ))}
          {run.gold.length > GOLDS && <span className="text-xs">and {run.gold.length - GOLDS} more</span>}
        </dd>
      </div>
    </dl>
  );
}

function parsedBy(run: Run): string {
  if (run.parse_outcome === null) return "";
  const rule = run.parse_rule ? `, by the rule “${formatName(run.parse_rule).toLowerCase()}”` : "";
  return `${formatName(run.parse_outcome)}${rule}`;
}

/** The scores of the answer with their reasons; other groups are folded. */
function Scores({ scores }: { scores: Run["scores"] }) {
  const { inOrder, groupOf } = useScoreNames();
  const names = inOrder(Object.keys(scores));
  const groups = [...new Set(names.map((name) => groupOf(name) || OPEN_GROUP))];
  return groups.map((group) => {
    const own = names.filter((name) => (groupOf(name) || OPEN_GROUP) === group);
    const table = <ScoreTable label={`Scores of the ${group}`} names={own} scores={scores} />;
    if (group === OPEN_GROUP) return <div key={group} className="overflow-hidden rounded-md border">{table}</div>;
    return (
      <Fold key={group} title={`${formatName(group)} scores`} note={own.length}>
        {table}
      </Fold>
    );
  });
}

function Fold({ title, note, children }: { title: string; note: number; children: ReactNode }) {
  return (
    <details className="group min-w-0 overflow-hidden rounded-md border">
      <summary className="flex cursor-pointer list-none items-center gap-1.5 px-3 py-2 text-xs -outline-offset-2 [&::-webkit-details-marker]:hidden">
        <ChevronRight aria-hidden="true" className="size-3.5 transition-transform group-open:rotate-90" />
        <span className="font-medium text-ink">{title}</span> {formatCount(note)}
      </summary>
      <div className="border-t">{children}</div>
    </details>
  );
}

function ScoreTable({ label, names, scores }: { label: string; names: string[]; scores: Run["scores"] }) {
  const { labelOf } = useScoreNames();
  return (
    <table className="w-full text-sm">
      <caption className="sr-only">{label}, with reasons</caption>
      <tbody className="divide-y">
        {names.map((name) => (
          <tr key={name}>
            <th scope="row" className="w-28 py-1.5 pl-3 text-left font-normal sm:w-36">
              {labelOf(name)}
            </th>
            <td className="num w-18 py-1.5 pr-2 font-medium text-ink">{formatNumber(scores[name]?.value)}</td>
            <td dir="auto" className="py-1.5 pr-3 text-xs [overflow-wrap:anywhere]">
              <ShortText limit={REASON}>{scores[name]?.reason ?? ""}</ShortText>
            </td>
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

/** Metadata as one line; lists by their items, nested values as JSON. */
function oneLine(value: unknown): string {
  if (Array.isArray(value)) return value.map(oneLine).join(", ");
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

function Facts({ run, finish }: { run: Run; finish: string | undefined }) {
  const facts: [string, string][] = [
    ["Latency", run.cached ? "from cache" : formatDuration(run.latency_ms)],
    ["Model time", run.cached ? "from cache" : formatDuration(run.model_ms ?? run.latency_ms)],
    ["Queue time", run.queue_ms !== null && run.queue_ms < 1 ? "< 1 ms" : formatDuration(run.queue_ms)],
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
          <dd dir="auto" className="num [overflow-wrap:anywhere] text-ink">
            <ShortText limit={GOLD}>{value}</ShortText>
          </dd>
        </div>
      ))}
    </dl>
  );
}

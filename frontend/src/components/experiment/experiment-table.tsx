"use client";

import { ArrowDown, ArrowUp } from "lucide-react";
import type { ReactNode } from "react";

import { IntervalBar } from "@/components/charts/interval-bar";
import { Checkbox } from "@/components/ui/checkbox";
import { Link } from "@/components/ui/link";
import { Progress } from "@/components/ui/progress";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import type { Schemas } from "@/lib/api/client";
import { experimentHref } from "@/lib/api/mutations";
import { hasEnded } from "@/lib/experiment-status";
import { formatAgo, formatCost, formatCount, formatDate, formatDuration, formatInterval, formatMethod, formatName, formatNumber, formatPercent } from "@/lib/format";
import { PRIMARY_SCORE } from "@/lib/metrics";
import { useNow } from "@/lib/use-now";
import { cn } from "@/lib/utils";

import { RowCheckbox, type Selection } from "./row-checkbox";
import { StatusBadge } from "./status-badge";

type Experiment = Schemas["ExperimentSummary"];

export type Column = "latency_p50_ms" | "latency_p95_ms" | "tokens_per_answer" | "cost_usd" | "seed" | "created_at" | "finished_at";

interface Sorting {
  sort: string;
  onSort: (sort: string) => void;
}

interface ExperimentTableProps {
  experiments: Experiment[];
  sorting?: Sorting;
  selection?: Selection;
  /** The score that is shown, and its label. */
  score?: { name: string; label: string };
  columns?: readonly Column[];
}

const PRIMARY = { name: PRIMARY_SCORE, label: formatName(PRIMARY_SCORE) };
const DEFAULT: readonly Column[] = ["latency_p50_ms", "cost_usd", "created_at"];

/** The cells of the columns that can be chosen; all are right-aligned. */
const cells: Record<Column, { label: string; sortable: boolean; cell: (experiment: Experiment, now: number) => ReactNode }> = {
  latency_p50_ms: { label: "Latency p50", sortable: true, cell: (one) => <Latency value={one.latency_p50_ms} experiment={one} /> },
  latency_p95_ms: { label: "Latency p95", sortable: true, cell: (one) => <Latency value={one.latency_p95_ms} experiment={one} /> },
  tokens_per_answer: { label: "Tokens", sortable: true, cell: (one) => formatNumber(one.tokens_per_answer) },
  cost_usd: { label: "Cost", sortable: true, cell: (one) => (hasEnded(one) ? formatCost(one.cost_usd) : "–") },
  seed: { label: "Seed", sortable: false, cell: (one) => one.seed },
  created_at: { label: "Created", sortable: true, cell: (one, now) => <Ago at={one.created_at} now={now} /> },
  finished_at: { label: "Finished", sortable: true, cell: (one, now) => <Ago at={one.finished_at} now={now} /> },
};

/** Experiments as rows: status, method, dataset, a score with its interval, and the chosen columns. */
export function ExperimentTable({ experiments, sorting, selection, score: { name: score, label } = PRIMARY, columns = DEFAULT }: ExperimentTableProps) {
  const now = useNow();
  const ids = experiments.map(({ id }) => id);
  const all = selection !== undefined && ids.length > 0 && ids.every((id) => selection.selected.has(id));
  return (
    <Table aria-label="Experiments" className="sm:min-w-[860px]">
      <thead>
        <tr>
          {selection && (
            <Th className="w-8">
              <Checkbox checked={all} onCheckedChange={(on) => selection.onSelect(ids, on === true)} aria-label="Select all on this page" />
            </Th>
          )}
          <SortTh label="Experiment" column="name" sorting={sorting} always />
          <SortTh label="Status" column="status" sorting={sorting} />
          <SortTh label="Method" column="method" sorting={sorting} />
          <SortTh label="Dataset" column="dataset" sorting={sorting} />
          <Th className="hidden text-right sm:table-cell">n</Th>
          <SortTh label={`${label}, 95 % interval`} column={score} sorting={sorting} descendingFirst className="w-64" />
          {columns.map((column) => (
            <SortTh key={column} label={cells[column].label} column={column} sorting={cells[column].sortable ? sorting : undefined} className="text-right" />
          ))}
        </tr>
      </thead>
      <tbody>
        {experiments.map((experiment) => (
          <Tr key={experiment.id} className="hover:bg-line/25">
            {selection && (
              <Td>
                <RowCheckbox id={experiment.id} name={experiment.name} ids={ids} selection={selection} />
              </Td>
            )}
            <Td className="max-w-0 leading-4 sm:max-w-80">
              <Link
                href={experimentHref(experiment.id)}
                dir="auto"
                title={experiment.description || undefined}
                className="block truncate leading-4.5 font-medium text-ink underline-offset-3 hover:underline"
              >
                {experiment.name}
              </Link>
              <span className="block truncate text-xs leading-4">
                {experiment.archived_at && "archived · "}
                {experiment.resumes_parent && "resumed · "}
                {experiment.model}
                {experiment.tags.length > 0 && <span title={tagsText(experiment)} className="max-sm:hidden">{` · ${tagsText(experiment)}`}</span>}
              </span>
              <div className="mt-1 flex flex-wrap items-center gap-x-3 gap-y-1 pb-1 sm:hidden">
                <StatusBadge {...experiment} />
                <span className="num text-xs">{inOneLine(experiment, score)}</span>
                {experiment.tags.length > 0 && <span className="text-xs [overflow-wrap:anywhere]">{tagsText(experiment)}</span>}
                <div className="w-full">
                  <Score experiment={experiment} score={score} />
                </div>
              </div>
            </Td>
            <Td className="hidden sm:table-cell">
              <StatusBadge {...experiment} />
            </Td>
            <Td className="hidden max-w-44 leading-4 sm:table-cell">
              <span className="block truncate leading-4.5">{formatMethod(experiment.method)}</span>
              {experiment.variant && (
                <span className="block truncate text-xs leading-4" title={experiment.variant}>
                  {experiment.variant}
                </span>
              )}
            </Td>
            <Td className="hidden max-w-44 truncate sm:table-cell">{experiment.dataset}</Td>
            <Td className="num hidden text-right leading-4 sm:table-cell">
              {formatCount(experiment.scores[score]?.n ?? experiment.total)}
              <Failures count={experiment.failed_runs} />
            </Td>
            <Td className="hidden sm:table-cell">
              <Score experiment={experiment} score={score} />
            </Td>
            {columns.map((column) => (
              <Td key={column} className="num hidden text-right leading-4 whitespace-nowrap sm:table-cell">
                {cells[column].cell(experiment, now)}
              </Td>
            ))}
          </Tr>
        ))}
      </tbody>
    </Table>
  );
}

function tagsText({ tags }: Experiment): string {
  return tags.map((tag) => `#${tag}`).join(" ");
}

/** What a phone has no columns for. */
function inOneLine({ method, dataset, scores, failed_runs, latency_p50_ms, cost_usd }: Experiment, score: string): string {
  const n = scores[score]?.n;
  return [
    formatMethod(method),
    dataset,
    n !== undefined && `n = ${formatCount(n)}${failed_runs ? `, ${formatCount(failed_runs)} failed` : ""}`,
    latency_p50_ms !== null && formatDuration(latency_p50_ms),
    cost_usd !== null && formatCost(cost_usd),
  ]
    .filter(Boolean)
    .join(" · ");
}

function Latency({ value, experiment }: { value: number | null; experiment: Experiment }) {
  if (value === null && Object.keys(experiment.scores).length > 0) return <span className="text-xs">from cache</span>;
  return (
    <>
      {formatDuration(value)}
      {experiment.latency_of_model_only && <span className="block text-xs">model only</span>}
    </>
  );
}

function Ago({ at, now }: { at: string | null; now: number }) {
  return at ? (
    <time dateTime={at} title={formatDate(at)}>
      {formatAgo(at, now)}
    </time>
  ) : (
    "–"
  );
}

/** The score with its interval; of a live experiment the progress. A score of which many runs are missing is muted. */
function Score({ experiment, score }: { experiment: Experiment; score: string }) {
  const found = experiment.scores[score];
  if (found) {
    const partial = found.n < experiment.total;
    return (
      <div className="num flex w-full items-center gap-2">
        <span className={cn("w-14 shrink-0 text-right font-medium", partial ? "text-muted" : "text-ink")}>{formatPercent(found.value)}</span>
        <span className="w-24 shrink-0 text-xs whitespace-nowrap">{formatInterval(found.low, found.high)}</span>
        <IntervalBar {...found} />
      </div>
    );
  }
  const { progress } = experiment;
  if (!progress || hasEnded(experiment)) return <span className="num text-xs">–</span>;
  return (
    <div className="num flex w-full items-center gap-2">
      <span className="shrink-0 text-xs whitespace-nowrap">
        {formatCount(progress.done)} of {formatCount(progress.total)}
      </span>
      <Progress done={progress.done} total={progress.total} failed={progress.failed} label={`Progress of ${experiment.name}`} />
    </div>
  );
}

function Failures({ count }: { count: number | null }) {
  if (!count) return null;
  return <span className="block text-xs whitespace-nowrap text-bad">{formatCount(count)} failed</span>;
}

interface SortThProps {
  label: string;
  column: string;
  sorting: Sorting | undefined;
  className?: string;
  /** On a phone too. */
  always?: boolean;
  /** The first click puts the highest first. */
  descendingFirst?: boolean;
}

function SortTh({ label, column, sorting, className, always = false, descendingFirst = false }: SortThProps) {
  const look = cn(!always && "hidden sm:table-cell", className);
  if (!sorting) return <Th className={look}>{label}</Th>;
  const descending = sorting.sort.startsWith("-");
  const active = sorting.sort.replace(/^-/, "") === column;
  const Arrow = descending ? ArrowDown : ArrowUp;
  const next = active ? !descending : descendingFirst;
  return (
    <Th className={look} aria-sort={active ? (descending ? "descending" : "ascending") : undefined}>
      <button type="button" className="inline-flex items-center gap-1 rounded-sm hover:text-ink" onClick={() => sorting.onSort(next ? `-${column}` : column)}>
        {label}
        {active && <Arrow aria-hidden="true" className="size-3" />}
      </button>
    </Th>
  );
}

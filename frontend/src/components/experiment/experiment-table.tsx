"use client";

import { ArrowDown, ArrowUp } from "lucide-react";

import { IntervalBar } from "@/components/charts/interval-bar";
import { Checkbox } from "@/components/ui/checkbox";
import { Link } from "@/components/ui/link";
import { Progress } from "@/components/ui/progress";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import type { Schemas } from "@/lib/api/client";
import { experimentHref } from "@/lib/api/mutations";
import { hasEnded } from "@/lib/experiment-status";
import { formatAgo, formatCost, formatCount, formatDate, formatDuration, formatInterval, formatMethod, formatName, formatPercent, plural } from "@/lib/format";
import { PRIMARY_SCORE } from "@/lib/metrics";
import { useNow } from "@/lib/use-now";
import { cn } from "@/lib/utils";

import { StatusBadge } from "./status-badge";

type Experiment = Schemas["ExperimentSummary"];

interface Sorting {
  sort: string;
  onSort: (sort: string) => void;
}

interface Selection {
  selected: ReadonlySet<string>;
  onSelect: (id: string, on: boolean) => void;
  onSelectAll: (on: boolean) => void;
}

interface ExperimentTableProps {
  experiments: Experiment[];
  sorting?: Sorting;
  selection?: Selection;
}

/** Experiments as rows: status, primary score with its interval, latency, cost. */
export function ExperimentTable({ experiments, sorting, selection }: ExperimentTableProps) {
  const now = useNow();
  const all = selection !== undefined && experiments.length > 0 && experiments.every(({ id }) => selection.selected.has(id));
  return (
    <Table aria-label="Experiments" className="sm:min-w-[860px]">
      <thead>
        <tr>
          {selection && (
            <Th className="w-8">
              <Checkbox checked={all} onCheckedChange={(on) => selection.onSelectAll(on === true)} aria-label="Select all on this page" />
            </Th>
          )}
          <SortTh label="Experiment" column="name" sorting={sorting} />
          <SortTh label="Status" column="status" sorting={sorting} />
          <SortTh label="Method" column="method" sorting={sorting} />
          <SortTh label="Dataset" column="dataset" sorting={sorting} />
          <Th className="hidden w-56 sm:table-cell">{formatName(PRIMARY_SCORE)}, 95 % interval</Th>
          <Th className="hidden text-right sm:table-cell">Latency p50</Th>
          <Th className="hidden text-right sm:table-cell">Cost</Th>
          <SortTh label="Created" column="created_at" sorting={sorting} right />
        </tr>
      </thead>
      <tbody>
        {experiments.map((experiment) => (
          <Tr key={experiment.id} className="hover:bg-line/25">
            {selection && (
              <Td>
                <Checkbox
                  checked={selection.selected.has(experiment.id)}
                  onCheckedChange={(on) => selection.onSelect(experiment.id, on === true)}
                  aria-label={`Select ${experiment.name}`}
                />
              </Td>
            )}
            <Td className="max-w-0 py-2 sm:max-w-80">
              <Link href={experimentHref(experiment.id)} className="block truncate font-medium text-ink underline-offset-3 hover:underline">
                {experiment.name}
              </Link>
              <span className="block truncate text-xs">{experiment.model}</span>
              <div className="mt-1.5 flex flex-col items-start gap-1.5 sm:hidden">
                <StatusBadge {...experiment} />
                <Accuracy experiment={experiment} />
              </div>
            </Td>
            <Td className="hidden sm:table-cell">
              <StatusBadge {...experiment} />
            </Td>
            <Td className="hidden max-w-44 sm:table-cell">
              <span className="block">{formatMethod(experiment.method)}</span>
              <span className="block truncate text-xs">{experiment.variant}</span>
            </Td>
            <Td className="hidden max-w-44 sm:table-cell">
              <span className="block truncate">{experiment.dataset}</span>
              <span className="block text-xs">{plural(experiment.total, "run")}</span>
            </Td>
            <Td className="hidden sm:table-cell">
              <Accuracy experiment={experiment} />
            </Td>
            <Td className="num hidden text-right sm:table-cell">
              {formatDuration(experiment.latency_p50_ms)}
              {experiment.latency_of_model_only && <span className="block text-xs">model only</span>}
            </Td>
            <Td className="num hidden text-right sm:table-cell">{hasEnded(experiment) ? formatCost(experiment.cost_usd) : "–"}</Td>
            <Td className="hidden text-right whitespace-nowrap sm:table-cell">
              <time dateTime={experiment.created_at} title={formatDate(experiment.created_at)}>
                {formatAgo(experiment.created_at, now)}
              </time>
            </Td>
          </Tr>
        ))}
      </tbody>
    </Table>
  );
}

function Accuracy({ experiment }: { experiment: Experiment }) {
  const score = experiment.scores[PRIMARY_SCORE];
  if (score) {
    return (
      <div className="num flex w-full flex-col gap-1">
        <span className="text-xs whitespace-nowrap">
          <span className="text-sm font-medium text-ink">{formatPercent(score.value)}</span> {formatInterval(score.low, score.high)}
        </span>
        <IntervalBar {...score} />
        <span className="text-xs">
          n = {formatCount(score.n)}
          <Failures count={experiment.failed_runs} />
        </span>
      </div>
    );
  }
  const { progress } = experiment;
  if (!progress || hasEnded(experiment)) {
    return (
      <span className="num text-xs">
        –<Failures count={experiment.failed_runs} />
      </span>
    );
  }
  return (
    <div className="num flex w-full flex-col gap-1.5">
      <span className="text-xs">
        {progress.done} of {plural(progress.total, "run")}
      </span>
      <Progress done={progress.done} total={progress.total} failed={progress.failed} label={`Progress of ${experiment.name}`} />
    </div>
  );
}

function Failures({ count }: { count: number | null }) {
  if (!count) return null;
  return <span className="text-bad">, {formatCount(count)} failed</span>;
}

function SortTh({ label, column, sorting, right = false }: { label: string; column: string; sorting?: Sorting; right?: boolean }) {
  const align = cn(right && "text-right", column !== "name" && "hidden sm:table-cell");
  if (!sorting) return <Th className={align}>{label}</Th>;
  const key = sorting.sort.replace(/^-/, "");
  const descending = sorting.sort.startsWith("-");
  const active = key === column;
  const Arrow = descending ? ArrowDown : ArrowUp;
  return (
    <Th className={align} aria-sort={active ? (descending ? "descending" : "ascending") : undefined}>
      <button
        type="button"
        className="inline-flex items-center gap-1 rounded-sm hover:text-ink"
        onClick={() => sorting.onSort(active && !descending ? `-${column}` : column)}
      >
        {label}
        {active && <Arrow aria-hidden="true" className="size-3" />}
      </button>
    </Th>
  );
}

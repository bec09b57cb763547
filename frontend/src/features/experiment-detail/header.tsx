"use client";

import { Archive, ArchiveRestore, Ban, Copy, GitCompareArrows, History, Play, RotateCw, Trash2 } from "lucide-react";
import { useRouter } from "next/navigation";
import { parseAsString, useQueryState } from "nuqs";
import type { ReactNode } from "react";

import { ExportMenu } from "@/components/experiment/export-menu";
import { StatusBadge } from "@/components/experiment/status-badge";
import { Page } from "@/components/layout/page";
import { Button } from "@/components/ui/button";
import { Link } from "@/components/ui/link";
import { useChangeExperiment } from "@/lib/api/annotations";
import type { Schemas } from "@/lib/api/client";
import { useExport } from "@/lib/api/export";
import { useDeleteExperiment, useExperimentAction } from "@/lib/api/mutations";
import { ORIGINAL } from "@/lib/api/scorings";
import { hasEnded, isLive, shownStatus } from "@/lib/experiment-status";
import { formatAgo, formatCount, formatDate, formatMethod, plural } from "@/lib/format";
import { useNow } from "@/lib/use-now";



import { Annotations } from "./annotations";
import { Rename } from "./rename";

type Experiment = Schemas["ExperimentOut"];

export function ExperimentHeader({ experiment, children }: { experiment: Experiment; children: ReactNode }) {
  const now = useNow();
  const imported = experiment.method === "imported";
  return (
    <Page
      above={<Link href="/experiments/" className="text-xs underline-offset-3 hover:text-ink hover:underline">Experiments</Link>}
      title={experiment.name}
      titleAction={<Rename key={experiment.name} id={experiment.id} name={experiment.name} />}
      lead={
        <div className="flex flex-col gap-2">
          {experiment.description && <p>{experiment.description}</p>}
          <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5">
            <StatusBadge {...experiment} />
            <span className="[overflow-wrap:anywhere]">{experiment.model}</span>
            <span>{formatMethod(experiment.method)}</span>
            <Link
              href={`/datasets/?name=${encodeURIComponent(experiment.dataset)}&version=${experiment.dataset_version}`}
              className="underline decoration-line underline-offset-3 hover:text-ink hover:decoration-current"
            >
              {experiment.dataset}, {plural(experiment.total, "run")}
            </Link>
            {!imported && <span>seed {experiment.seed}</span>}
            <time dateTime={experiment.created_at} title={formatDate(experiment.created_at)}>
              {formatAgo(experiment.created_at, now)}
            </time>
            {experiment.parent_id && (
              <Link href={`/experiments/view/?id=${experiment.parent_id}`} className="underline decoration-line underline-offset-3">
                {experiment.resumes_parent ? "resumed from an earlier one" : "cloned from another"}
              </Link>
            )}
          </div>
          <Annotations experiment={experiment} />
        </div>
      }
      actions={<Actions experiment={experiment} />}
    >
      {children}
    </Page>
  );
}

function Actions({ experiment }: { experiment: Experiment }) {
  const router = useRouter();
  const run = useExperimentAction("run");
  const cancel = useExperimentAction("cancel");
  const resume = useExperimentAction("resume");
  const retry = useExperimentAction("retry");
  const remove = useDeleteExperiment();
  const change = useChangeExperiment(experiment.id);
  const [scoring] = useQueryState("scoring", parseAsString.withDefault(ORIGINAL));
  const download = useExport(experiment.id, scoring);
  const { id, status } = experiment;
  const runnable = experiment.config_problem === null;
  const notStarted = runnable && shownStatus(experiment) === "NOT_STARTED";
  const failed = hasEnded(experiment) && experiment.sequential_id === null ? (experiment.failed_runs ?? 0) : 0;
  const resumable = runnable && (status === "FAILED" || status === "CANCELLED");
  return (
    <>
      {notStarted && (
        <Button variant="primary" disabled={run.isPending} onClick={() => run.mutate(id)}>
          <Play aria-hidden="true" />
          Start
        </Button>
      )}
      {isLive(experiment) && (
        <Button variant="danger" disabled={cancel.isPending} onClick={() => cancel.mutate(id)}>
          <Ban aria-hidden="true" />
          Cancel
        </Button>
      )}
      {resumable && (
        <Button variant="primary" disabled={resume.isPending} onClick={() => resume.mutate(id)}>
          <RotateCw aria-hidden="true" />
          Resume
        </Button>
      )}
      {runnable && failed > 0 && (
        <Button disabled={retry.isPending} title="In this experiment; what the runs were is kept." onClick={() => retry.mutate(id)}>
          <RotateCw aria-hidden="true" />
          {`Retry ${formatCount(failed)} failed`}
        </Button>
      )}
      {hasEnded(experiment) && (
        <Button asChild>
          <Link href={`/compare/?ids=${id}${scoring === ORIGINAL ? "" : `&scoring=${encodeURIComponent(scoring)}`}`}>
            <GitCompareArrows aria-hidden="true" />
            Compare
          </Link>
        </Button>
      )}
      {hasEnded(experiment) && (
        <Button asChild>
          <Link href={`/experiments/history/?id=${id}${scoring === ORIGINAL ? "" : `&scoring=${encodeURIComponent(scoring)}`}`}>
            <History aria-hidden="true" />
            Over time
          </Link>
        </Button>
      )}
      {experiment.method !== "imported" && (
        <Button asChild>
          <Link href={`/experiments/new/?clone=${id}`}>
            <Copy aria-hidden="true" />
            Clone
          </Link>
        </Button>
      )}
      {!notStarted && <ExportMenu busy={download.busy} onChoose={(format) => void download.start(format)} />}
      <Button
        variant="ghost"
        size="icon"
        aria-label={experiment.archived_at ? "Unarchive" : "Archive"}
        title={experiment.archived_at ? "Put it back into lists" : "Archive: lists leave it out, nothing is deleted"}
        disabled={change.isPending}
        onClick={() => change.mutate({ archived: !experiment.archived_at })}
      >
        {experiment.archived_at ? <ArchiveRestore /> : <Archive />}
      </Button>
      {!isLive(experiment) && (
        <Button
          variant="ghost"
          size="icon"
          aria-label="Delete"
          disabled={remove.isPending}
          onClick={() => remove.mutate(id, { onSuccess: () => router.push("/experiments/") })}
        >
          <Trash2 />
        </Button>
      )}
    </>
  );
}

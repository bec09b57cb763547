"use client";

import { useQuery } from "@tanstack/react-query";

import { Badge } from "@/components/ui/badge";
import { Panel } from "@/components/ui/panel";
import { Progress } from "@/components/ui/progress";
import { Table, Td, Th, Tr } from "@/components/ui/table";
import type { Schemas } from "@/lib/api/client";
import { experimentQueries } from "@/lib/api/queries";
import { isLive } from "@/lib/experiment-status";
import { formatCount, formatDate } from "@/lib/format";
import { useNow } from "@/lib/use-now";

import { type BatchJob, describeBatchJobs, spanOf, statusOf } from "./batch-prepare";

const POLL_MS = 3_000;

/** The provider's batch jobs of an experiment; nothing in other modes, or before there is one. */
export function BatchPanel({ experiment }: { experiment: Schemas["ExperimentOut"] }) {
  const live = isLive(experiment);
  const jobs = useQuery({
    ...experimentQueries.batchJobs(experiment.id),
    enabled: isInBatches(experiment.config),
    refetchInterval: live ? POLL_MS : false,
  });
  const now = useNow(live ? 1_000 : 3_600_000);
  if (!jobs.data || jobs.data.length === 0) return null;
  return (
    <Panel title="Batch jobs" hint={describeBatchJobs(jobs.data, now)} flush>
      <Table aria-label="Batch jobs">
        <thead>
          <tr>
            <Th>Job</Th>
            <Th>Status</Th>
            <Th>Done</Th>
            <Th>At the provider</Th>
            <Th>Job id</Th>
            <Th>File id</Th>
          </tr>
        </thead>
        <tbody>
          {jobs.data.map((job) => (
            <JobRow key={job.number} job={job} now={now} />
          ))}
        </tbody>
      </Table>
    </Panel>
  );
}

function JobRow({ job, now }: { job: BatchJob; now: number }) {
  const { label, tone } = statusOf(job);
  return (
    <Tr>
      <Td className="num">{job.number}</Td>
      <Td>
        <Badge tone={tone}>{label}</Badge>
        {job.last_error && <p className="mt-1 max-w-80 text-xs [overflow-wrap:anywhere] text-bad">{job.last_error}</p>}
      </Td>
      <Td className="num whitespace-nowrap">
        <div className="flex min-w-40 flex-col gap-1">
          <span>
            {formatCount(job.done + job.failed)} of {formatCount(job.lines)}
          </span>
          <Progress done={job.done + job.failed} total={job.lines} failed={job.failed} label={`Calls of job ${job.number}`} />
        </div>
      </Td>
      <Td className="num whitespace-nowrap" title={job.submitted_at ? `since ${formatDate(job.submitted_at)}` : undefined}>
        {spanOf(job, now)}
      </Td>
      <Td className="num text-xs">{job.batch_id ?? "–"}</Td>
      <Td className="num text-xs">{job.file_id ?? "–"}</Td>
    </Tr>
  );
}

function isInBatches(config: Schemas["ExperimentOut"]["config"]): boolean {
  const execution: unknown = "execution" in config ? config.execution : undefined;
  return typeof execution === "object" && execution !== null && "mode" in execution && execution.mode === "batch_job";
}

"use client";

import { useQuery } from "@tanstack/react-query";

import { Panel } from "@/components/ui/panel";
import { Progress } from "@/components/ui/progress";
import type { Schemas } from "@/lib/api/client";
import { experimentQueries } from "@/lib/api/queries";
import { shownStatus, type ShownStatus } from "@/lib/experiment-status";
import { formatCount, formatDuration, formatName, formatNumber, formatPercent, plural } from "@/lib/format";
import { cn } from "@/lib/utils";

import { describeQueue, describeWait, isAtProvider } from "./live";
import { describePreparation } from "./prepare";
import { useSilence } from "./use-silence";

const QUEUE_MS = 3_000;

/** The progress and speed of a live experiment. */
export function LivePanel({ experiment }: { experiment: Schemas["ExperimentOut"] }) {
  const { progress, status, total } = experiment;
  const done = progress?.done ?? 0;
  const preparing = describePreparation(progress);
  const queued = shownStatus(experiment) === "QUEUED";
  const others = useQuery({ ...experimentQueries.list({ status: ["RUNNING", "PENDING"], limit: 200 }), enabled: queued, refetchInterval: QUEUE_MS });
  const silent = useSilence(experiment.heartbeat_at, status === "RUNNING");
  const waiting = queued ? (others.data ? describeQueue(experiment, others.data.items) : "") : describeWait(experiment, silent);
  const atProvider = isAtProvider(experiment);
  const facts: [string, string, string?][] = [
    ["Answered", `${formatCount(done)} of ${formatCount(total)}`],
    ["Right so far", formatPercent(progress?.accuracy), "Without an interval: no ground for ending early. A comparison with stop: settled has one that may be looked at any time."],
    ["Failed", formatCount(progress?.failed ?? 0)],
    ["From cache", formatCount(progress?.cached ?? 0)],
    ["Speed", progress?.rate_per_s ? `${formatNumber(progress.rate_per_s)} / s` : "–"],
    ["Time left", progress?.eta_s ? formatDuration(progress.eta_s * 1000) : "–"],
  ];
  return (
    <Panel title={atProvider ? "Waiting for the provider" : titles[shownStatus(experiment)]} hint={atProvider ? undefined : describeLoad(progress)}>
      <Progress done={done} total={total} failed={progress?.failed} label="Progress" className="h-2" />
      {preparing && (
        <p role="status" className="num mt-3 text-info">
          {preparing}
        </p>
      )}
      {waiting && (
        <p role="status" className={cn("num mt-3", waiting.startsWith("No sign") ? "text-warn" : "text-info")}>
          {waiting}
        </p>
      )}
      {status === "RUNNING" && (
        <dl className="mt-4 grid grid-cols-2 gap-x-6 gap-y-3 sm:grid-cols-3 lg:grid-cols-6">
          {facts.map(([label, value, help]) => (
            <div key={label} title={help}>
              <dt className="text-xs">{label}</dt>
              <dd className="num text-base font-medium text-ink">{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {progress && progress.failed > 0 && (
        <p className="num mt-3 text-xs text-bad">
          {Object.entries(progress.failures)
            .map(([kind, count]) => `${formatName(kind)}: ${count}`)
            .join(" · ")}
        </p>
      )}
    </Panel>
  );
}

const titles: Partial<Record<ShownStatus, string>> = { NOT_STARTED: "Not started", QUEUED: "Waiting for a worker", RUNNING: "Running" };

function describeLoad(progress: Schemas["ProgressOut"] | null): string | undefined {
  if (!progress) return undefined;
  const parts = [`${plural(progress.in_flight, "call")} in flight`];
  if (progress.executors > 1) parts.push(`${progress.executors} workers`);
  if (progress.limit !== null) parts.push(`concurrency limit ${progress.limit}`);
  if (progress.waiting_for || progress.waiting_s > 0) {
    const why = progress.waiting_for ?? "rate limited";
    parts.push(progress.waiting_s > 0 ? `${why}: waiting ${formatDuration(progress.waiting_s * 1000)}` : why);
  }
  if (progress.mode === "in_process") parts.push("no job queue: running in the API process");
  return parts.join(" · ");
}

import type { Schemas } from "@/lib/api/client";
import { shownStatus } from "@/lib/experiment-status";
import { formatCount, formatDuration, plural } from "@/lib/format";

type Experiment = Pick<Schemas["ExperimentSummary"], "id" | "name" | "status" | "queued" | "progress" | "total" | "model" | "queued_at"> & { queue_position?: number | null; heartbeat_at?: string | null };

/** The title of the tab: while an experiment runs, how far it is. */
export function titleOf({ name, status, progress, total }: Experiment): string {
  if (status !== "RUNNING") return name;
  return `${Math.floor((100 * (progress?.done ?? 0)) / Math.max(1, total))} % ${name}`;
}

/** What stands before a queued experiment, as a sentence; `others` are the experiments that run or wait. */
export function describeQueue(experiment: Experiment, others: readonly Experiment[]): string {
  const running = others.filter(({ status }) => status === "RUNNING").length;
  const before = experiment.queue_position ? experiment.queue_position - 1 : others.filter((one) => one.id !== experiment.id && shownStatus(one) === "QUEUED" && (one.queued_at ?? "") < (experiment.queued_at ?? "")).length;
  if (running + before === 0) return "Next in the queue: it starts when a worker is free.";
  const parts = [running > 0 && `${formatCount(running)} running`, before > 0 && `${formatCount(before)} waiting before this one`].filter(Boolean);
  return `In the queue: ${parts.join(", ")}.`;
}

/** Whether nobody works on an experiment since its provider works on a batch job. */
export function isAtProvider({ status, heartbeat_at, progress }: Experiment): boolean {
  return status === "RUNNING" && heartbeat_at === null && Boolean(progress?.waiting_for);
}

/** Seconds without a sign of life after which the page says so; the worker gives one each second. */
const SILENT_S = 5;

/** Why nothing seems to happen, as a sentence; empty if something does. `silent_s`: seconds since the worker's last sign of life. */
export function describeWait(experiment: Experiment, silent_s: number): string {
  const { status, progress, model } = experiment;
  if (status !== "RUNNING") return "";
  if (isAtProvider(experiment)) return `No worker is needed at the moment: waiting for ${progress?.waiting_for}.`;
  if (silent_s >= SILENT_S) {
    return `No sign of life from the worker for ${formatDuration(Math.floor(silent_s) * 1000)}. If it has stopped, another one goes on with the experiment; nothing that was answered is lost.`;
  }
  if (!progress || progress.done > 0 || progress.note || progress.in_flight === 0) return "";
  const first = `Waiting for the first answer: ${plural(progress.in_flight, "call")} in flight.`;
  return model.startsWith("local/") ? `${first} A model on this machine is loaded first, which may take a minute.` : first;
}

import { StatusBadge } from "@/components/experiment/status-badge";
import { Link } from "@/components/ui/link";
import { Panel } from "@/components/ui/panel";
import { Progress } from "@/components/ui/progress";
import type { Schemas } from "@/lib/api/client";
import { experimentHref } from "@/lib/api/mutations";
import { formatDuration, formatNumber, formatPercent, plural } from "@/lib/format";

/** Experiments that are running or queued. */
export function RunningNow({ experiments }: { experiments: Schemas["ExperimentSummary"][] }) {
  return (
    <Panel title="Running now" flush>
      <ul className="divide-y">
        {experiments.map((experiment) => (
          <li key={experiment.id} className="flex flex-col gap-2 px-4 py-3">
            <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
              <Link href={experimentHref(experiment.id)} className="min-w-0 truncate font-medium text-ink underline-offset-3 hover:underline">
                {experiment.name}
              </Link>
              <StatusBadge {...experiment} />
              <span className="num ml-auto text-xs">{speed(experiment)}</span>
            </div>
            <Progress
              done={experiment.progress?.done ?? 0}
              total={experiment.total}
              failed={experiment.progress?.failed}
              label={`Progress of ${experiment.name}`}
            />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function speed({ progress, status }: Schemas["ExperimentSummary"]): string {
  if (!progress) return status === "RUNNING" ? "starting" : "waiting for a worker";
  const parts = [`${progress.done} of ${plural(progress.total, "run")}`];
  if (progress.accuracy !== null) parts.push(`${formatPercent(progress.accuracy)} right so far`);
  if (progress.rate_per_s !== null) parts.push(`${formatNumber(progress.rate_per_s)} / s`);
  if (progress.eta_s) parts.push(`${formatDuration(progress.eta_s * 1000)} left`);
  return parts.join(" · ");
}

import { Badge, type Tone } from "@/components/ui/badge";
import { shownStatus, type ShownStatus, type StatusFields } from "@/lib/experiment-status";

const looks: Record<ShownStatus, { label: string; tone: Tone; dot: string }> = {
  NOT_STARTED: { label: "Not started", tone: "plain", dot: "border border-muted" },
  QUEUED: { label: "Queued", tone: "warn", dot: "bg-warn" },
  RUNNING: { label: "Running", tone: "info", dot: "bg-info animate-pulse" },
  COMPLETED: { label: "Completed", tone: "good", dot: "bg-good" },
  FAILED: { label: "Failed", tone: "bad", dot: "bg-bad" },
  CANCELLED: { label: "Cancelled", tone: "plain", dot: "bg-muted" },
};

export function StatusBadge(experiment: StatusFields) {
  const { label, tone, dot } = looks[shownStatus(experiment)];
  return (
    <Badge tone={tone}>
      <span aria-hidden="true" className={`size-1.5 rounded-full ${dot}`} />
      {label}
    </Badge>
  );
}

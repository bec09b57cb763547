import { Badge, type Tone } from "@/components/ui/badge";
import type { Schemas } from "@/lib/api/client";

type Status = Schemas["ExperimentStatus"];

interface Life {
  status: Status;
  queued_at?: string | null;
}

const looks: Record<string, { label: string; tone: Tone; dot: string }> = {
  DRAFT: { label: "Not started", tone: "plain", dot: "border border-muted" },
  PENDING: { label: "Queued", tone: "warn", dot: "bg-warn" },
  RUNNING: { label: "Running", tone: "info", dot: "bg-info animate-pulse" },
  COMPLETED: { label: "Completed", tone: "good", dot: "bg-good" },
  FAILED: { label: "Failed", tone: "bad", dot: "bg-bad" },
  CANCELLED: { label: "Cancelled", tone: "plain", dot: "bg-muted" },
};

/** Whether nothing can change any more. */
export function hasEnded(status: Status): boolean {
  return status === "COMPLETED" || status === "FAILED" || status === "CANCELLED";
}

/** Whether an experiment waits for a worker or is being run: what a page must keep watching. */
export function isLive({ status, queued_at }: Life): boolean {
  return status === "RUNNING" || (status === "PENDING" && Boolean(queued_at));
}

export function StatusBadge(life: Life) {
  const look = looks[life.status === "PENDING" && !life.queued_at ? "DRAFT" : life.status] ?? looks.PENDING;
  return (
    <Badge tone={look?.tone}>
      <span aria-hidden="true" className={`size-1.5 rounded-full ${look?.dot ?? ""}`} />
      {look?.label}
    </Badge>
  );
}

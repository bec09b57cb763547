import { Badge } from "@/components/ui/badge";
import { formatName, formatNumber } from "@/lib/format";

/** What became of a run, by its exact match: right, wrong, or the failure's kind. */
export function RunMark({ status, value, failure }: { status: string; value: unknown; failure: string | null }) {
  if (status === "failed") return <Badge tone="bad">{formatName(failure ?? "failed")}</Badge>;
  if (typeof value !== "number") return <Badge>Unscored</Badge>;
  if (value >= 1) return <Badge tone="good">✓ Right</Badge>;
  return value > 0 ? <Badge tone="warn">~ {formatNumber(value)}</Badge> : <Badge tone="bad">✗ Wrong</Badge>;
}

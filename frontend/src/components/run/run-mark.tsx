import { Badge } from "@/components/ui/badge";
import { formatName, formatNumber } from "@/lib/format";

/** The result of a run by the value of a score: right, partly right or wrong; of a failed run, the kind of failure. */
export function RunMark({ status, value, failure }: { status: string; value: number | null | undefined; failure: string | null }) {
  if (status === "failed") return <Badge tone="bad">{formatName(failure ?? "failed")}</Badge>;
  if (value == null) return <Badge>Unscored</Badge>;
  if (value >= 1) return <Badge tone="good">✓ Right</Badge>;
  return value > 0 ? <Badge tone="warn">~ {formatNumber(value)}</Badge> : <Badge tone="bad">✗ Wrong</Badge>;
}

import { Tooltip } from "@/components/ui/tooltip";
import type { Schemas } from "@/lib/api/client";
import { formatCount, formatNumber } from "@/lib/format";

const methods: Record<string, string> = {
  wilson: "Wilson score interval",
  bca: "BCa bootstrap interval",
  clustered: "cluster-robust interval",
  constant: "all values equal: no interval",
};

interface EstimateNoteProps {
  estimate: Pick<Schemas["Estimate"], "level" | "method" | "n">;
  /** The interval as it reads. */
  interval: string;
  /** What n counts: `answered runs`. */
  over: string;
}

/** An interval, and what it is over; how it was made when it is pointed at. */
export function EstimateNote({ estimate: { level, method, n }, interval, over }: EstimateNoteProps) {
  return (
    <Tooltip content={`${formatNumber(level * 100)} % ${methods[method] ?? method}, over ${formatCount(n)} ${over}.`}>
      <button type="button" className="num rounded-sm text-xs underline decoration-line decoration-dotted underline-offset-3">
        {interval}, n = {formatCount(n)}
      </button>
    </Tooltip>
  );
}

import { Tooltip } from "@/components/ui/tooltip";
import type { Schemas } from "@/lib/api/client";
import { formatCount } from "@/lib/format";
import { describeInterval } from "@/lib/metrics";

interface EstimateNoteProps {
  estimate: Pick<Schemas["Estimate"], "level" | "method" | "n">;
  /** The interval as it reads. */
  interval: string;
  /** What n counts: `answered runs`. */
  over: string;
}

/** An interval, and what it is over; how it was made when it is pointed at. */
export function EstimateNote({ estimate, interval, over }: EstimateNoteProps) {
  return (
    <Tooltip content={`${describeInterval(estimate, over)}.`}>
      <button type="button" className="num rounded-sm text-xs underline decoration-line decoration-dotted underline-offset-3">
        {interval}, n = {formatCount(estimate.n)}
      </button>
    </Tooltip>
  );
}

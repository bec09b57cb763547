import { Tooltip } from "@/components/ui/tooltip";
import { formatCount } from "@/lib/format";
import { describeInterval } from "@/lib/metrics";

interface EstimateNoteProps {
  estimate: { level?: number; method: string; n: number | null };
  /** The formatted interval. */
  interval: string;
  /** What n counts: `answered runs`. */
  over: string;
}

/** An interval with its n; the tooltip says how it was computed, or why there is none. */
export function EstimateNote({ estimate, interval, over }: EstimateNoteProps) {
  return (
    <Tooltip content={`${describeInterval(estimate, over)}.`}>
      <button type="button" className="num rounded-sm text-xs underline decoration-line decoration-dotted underline-offset-3">
        {estimate.method === "constant" ? "no interval" : interval}, n = {formatCount(estimate.n)}
      </button>
    </Tooltip>
  );
}

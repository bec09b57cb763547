import { Tooltip } from "@/components/ui/tooltip";
import { formatCount } from "@/lib/format";
import { describeInterval } from "@/lib/metrics";

interface EstimateNoteProps {
  /** The figure whose interval it is, for screen readers. */
  of: string;
  estimate: { level?: number; method: string; n: number | null };
  /** The formatted interval. */
  interval: string;
  /** What n counts: `answered runs`. */
  over: string;
}

/** An interval with its n; the tooltip says how it was computed, or why there is none. */
export function EstimateNote({ of, estimate, interval, over }: EstimateNoteProps) {
  const text = `${estimate.method === "constant" ? "no interval" : interval}, n = ${formatCount(estimate.n)}`;
  return (
    <Tooltip content={`${describeInterval(estimate, over)}.`}>
      <button type="button" aria-label={`${of}: ${text}`} className="num rounded-sm text-xs underline decoration-line decoration-dotted underline-offset-3">
        {text}
      </button>
    </Tooltip>
  );
}

import { formatInterval, formatPercent } from "@/lib/format";

interface IntervalProps {
  value: number;
  low: number;
  high: number;
}

/** A share with its interval on a scale from 0 to 100 %, so that overlapping intervals are visible in a list. */
export function IntervalBar({ value, low, high }: IntervalProps) {
  const at = (share: number) => `${Math.min(100, Math.max(0, share * 100))}%`;
  return (
    <div
      role="img"
      aria-label={`${formatPercent(value)}, 95 % interval ${formatInterval(low, high)}`}
      className="relative h-3 w-full min-w-16 rounded-sm bg-line/50"
    >
      <div className="absolute inset-y-1 rounded-full bg-muted/45" style={{ left: at(low), right: at(1 - high) }} />
      <div className="absolute inset-y-0 w-0.5 -translate-x-1/2 bg-ink" style={{ left: at(value) }} />
    </div>
  );
}

import { cn } from "@/lib/utils";

interface ProgressProps {
  done: number;
  total: number;
  failed?: number;
  label: string;
  className?: string;
}

/** A progress bar; the failed part is at its end, in another colour. */
export function Progress({ done, total, failed = 0, label, className }: ProgressProps) {
  const share = (count: number) => (total > 0 ? `${Math.min(100, (count / total) * 100)}%` : "0%");
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={total}
      aria-valuenow={done}
      className={cn("flex h-1.5 overflow-hidden rounded-full bg-line", className)}
    >
      <div className="bg-ink transition-[width] duration-300" style={{ width: share(done - failed) }} />
      <div className="bg-bad transition-[width] duration-300" style={{ width: share(failed) }} />
    </div>
  );
}

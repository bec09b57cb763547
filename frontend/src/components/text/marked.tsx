import type { Segment } from "@/lib/highlight";
import { cn } from "@/lib/utils";

interface MarkedProps {
  segments: Segment[];
  /** The marks are answers rather than words of a query. */
  strong: boolean;
  fallback?: string;
}

/** Segments of a text; marked ones differ by weight or underline as well as by colour. */
export function Marked({ segments, strong, fallback = "" }: MarkedProps) {
  if (segments.length === 0) return fallback;
  return segments.map(({ text, marked }, index) =>
    marked ? (
      <mark
        key={index}
        className={cn(
          "rounded-[2px] text-ink",
          strong ? "bg-data-3/35 font-semibold underline decoration-good decoration-2 underline-offset-3" : "bg-data-5/30 font-medium",
        )}
      >
        {text}
      </mark>
    ) : (
      text
    ),
  );
}

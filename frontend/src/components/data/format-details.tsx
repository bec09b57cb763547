import { ChevronRight } from "lucide-react";
import type { ReactNode } from "react";

/** The explanation of a file format, collapsed at first. */
export function FormatDetails({ children }: { children: ReactNode }) {
  return (
    <details className="group rounded-md border">
      <summary className="flex cursor-pointer list-none items-center gap-1.5 rounded-md px-3 py-2 text-xs font-medium text-ink [&::-webkit-details-marker]:hidden">
        <ChevronRight aria-hidden="true" className="size-3.5 transition-transform group-open:rotate-90" />
        File format
      </summary>
      <div className="flex flex-col items-start gap-2 px-3 pb-3 text-xs">{children}</div>
    </details>
  );
}

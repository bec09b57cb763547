import { cn } from "@/lib/utils";

import { stageColours, type StageColour } from "./stages-prepare";

/** What the colours of stages mean, of those that are shown. */
export function StageLegend({ shown, className }: { shown: ReadonlySet<StageColour>; className?: string }) {
  return (
    <ul aria-label="Colours" className={cn("flex flex-wrap gap-x-4 gap-y-1 text-xs", className)}>
      {stageColours
        .filter(({ name }) => shown.has(name))
        .map(({ name, label, swatch }) => (
          <li key={name} className="flex items-center gap-1.5">
            <span aria-hidden="true" className={cn("size-2.5 shrink-0 rounded-[2px]", swatch)} />
            {label}
          </li>
        ))}
    </ul>
  );
}

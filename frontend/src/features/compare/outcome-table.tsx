import { formatCount } from "@/lib/format";
import { cn } from "@/lib/utils";

import type { Outcome, OutcomeCell } from "./prepare";

interface OutcomeTableProps {
  cells: OutcomeCell[];
  chosen: string;
  onChoose: (outcome: Outcome) => void;
}

/** How many questions both, one, or neither answered right; each count filters the list below. */
export function OutcomeTable({ cells, chosen, onChoose }: OutcomeTableProps) {
  if (cells.length === 0) return null;
  return (
    <div role="group" aria-label="Outcomes of the pair" className="grid grid-cols-2 overflow-hidden lg:grid-cols-4">
      {cells.map(({ outcome, label, count }) => (
        <button
          key={outcome}
          type="button"
          aria-pressed={chosen === outcome}
          onClick={() => onChoose(outcome)}
          className={cn("-mt-px -ml-px border-t border-l px-4 py-2.5 text-left -outline-offset-2 transition-colors hover:bg-line/30", chosen === outcome && "bg-line/60")}
        >
          <span className="block text-xs">{label}</span>
          <span className="num block font-serif text-2xl text-ink">{formatCount(count)}</span>
        </button>
      ))}
    </div>
  );
}

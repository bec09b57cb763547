import { X } from "lucide-react";

import { Button } from "@/components/ui/button";
import { Link } from "@/components/ui/link";
import { type BulkOutcome, outcomeText } from "@/lib/api/bulk";
import { experimentHref } from "@/lib/api/mutations";

interface BulkReportProps {
  outcome: BulkOutcome;
  onClose: () => void;
  onUndo?: () => void;
}

/** What an action on several experiments has done, and what was refused and why. */
export function BulkReport({ outcome, onClose, onUndo }: BulkReportProps) {
  const { refused } = outcome;
  return (
    <div role="status" className={`flex items-start gap-3 rounded-lg border px-4 py-2 text-ink ${refused.length > 0 ? "border-warn/30 bg-warn/8" : "bg-line/25"}`}>
      <div className="min-w-0 flex-1 py-1">
        <p>
          {outcomeText(outcome)}.{refused.length > 0 && ` Refused: ${refused.length}.`}
        </p>
        {refused.length > 0 && (
          <ul className="mt-1 list-disc pl-5 text-xs">
            {refused.map(({ id, name, why }) => (
              <li key={id} className="[overflow-wrap:anywhere]">
                <Link href={experimentHref(id)} dir="auto" className="font-medium underline underline-offset-2">
                  {name}
                </Link>
                : {why}
              </li>
            ))}
          </ul>
        )}
      </div>
      {onUndo && (
        <Button size="sm" onClick={onUndo}>
          Undo
        </Button>
      )}
      <Button size="icon-sm" variant="ghost" aria-label="Close this message" onClick={onClose}>
        <X />
      </Button>
    </div>
  );
}

import type { ReactNode } from "react";

import { Button } from "@/components/ui/button";

/** Says that a page is by another scoring than the one that experiments were run with, and leads back to that one. */
export function ScoringNote({ back, onBack, children }: { back: string; onBack: () => void; children: ReactNode }) {
  return (
    <p role="note" className="flex flex-wrap items-center gap-3 rounded-lg border border-warn/30 bg-warn/8 px-4 py-2.5 text-ink">
      <span>{children}</span>
      <Button size="sm" onClick={onBack}>
        {back}
      </Button>
    </p>
  );
}

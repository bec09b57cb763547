import { Button } from "@/components/ui/button";

/** Says that the figures of the page are those of another scoring than the one that the experiment was run with. */
export function ScoringNote({ scoring, onBack }: { scoring: string; onBack: () => void }) {
  return (
    <p role="note" className="flex flex-wrap items-center gap-3 rounded-lg border border-warn/30 bg-warn/8 px-4 py-2.5 text-ink">
      <span>
        The figures are by the scoring <bdi className="font-medium">{scoring}</bdi>; the list of runs shows the original scores.
      </span>
      <Button size="sm" onClick={onBack}>
        Show the original
      </Button>
    </p>
  );
}

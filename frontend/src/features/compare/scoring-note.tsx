import { Button } from "@/components/ui/button";

/** Says by which scorings the experiments are compared, if not by the original ones. */
export function ScoringNote({ scorings, onBack }: { scorings: string[]; onBack: () => void }) {
  return (
    <p role="note" className="flex flex-wrap items-center gap-3 rounded-lg border border-warn/30 bg-warn/8 px-4 py-2.5 text-ink">
      <span>
        Compared by the {scorings.length > 1 ? "scorings" : "scoring"} <bdi className="font-medium">{scorings.join(", ")}</bdi>, not by the original scores.
      </span>
      <Button size="sm" onClick={onBack}>
        Compare by the original
      </Button>
    </p>
  );
}

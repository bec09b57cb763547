import { Button } from "@/components/ui/button";
import { Link } from "@/components/ui/link";
import type { Schemas } from "@/lib/api/client";
import { formatCount, plural } from "@/lib/format";

interface ImportedListProps {
  imported: Schemas["ImportedOut"][];
  onClose: () => void;
}

/** What an import has done: each experiment, and how the harness's scores agree with ours. */
export function ImportedList({ imported, onClose }: ImportedListProps) {
  const ids = imported.map(({ experiment_id }) => experiment_id);
  return (
    <div className="flex flex-col gap-4">
      <ul className="flex flex-col divide-y rounded-md border">
        {imported.map((one) => (
          <li key={one.experiment_id} className="flex flex-col gap-0.5 px-3 py-2 text-sm [overflow-wrap:anywhere]">
            <Link href={`/experiments/view/?id=${one.experiment_id}`}>{one.name}</Link>
            <span className="text-xs">
              {one.created ? "" : "It was there already. "}
              {one.model} · {plural(one.answers, "answer")}
              {one.failed > 0 ? `, ${formatCount(one.failed)} of them failed,` : ""} to {plural(one.questions, "question")} of {one.dataset}
              {one.paired_by === "id" ? ", found by their ids" : ""}
            </span>
            {one.agreement.map((pair) => (
              <span key={`${pair.theirs} ${pair.ours}`} className="text-xs">
                {pair.theirs_label} and {pair.ours_label} {agreementOf(pair)}
              </span>
            ))}
          </li>
        ))}
      </ul>
      <div className="flex justify-end gap-2">
        {ids.length > 1 && (
          <Button asChild>
            <Link href={`/compare/?ids=${ids.join(",")}`}>Compare them</Link>
          </Button>
        )}
        <Button variant="primary" onClick={onClose}>
          Close
        </Button>
      </div>
    </div>
  );
}

function agreementOf({ both, neither, only_theirs, only_ours }: Schemas["HarnessAgreementOut"]): string {
  const differ = only_theirs + only_ours;
  const total = formatCount(both + neither + differ);
  return differ > 0 ? `differ on ${formatCount(differ)} of ${total}` : `agree on all ${total}`;
}

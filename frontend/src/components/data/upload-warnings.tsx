import { TriangleAlert } from "lucide-react";

import { Button } from "@/components/ui/button";

/** What may be wrong with a file that was imported. */
export function UploadWarnings({ warnings, onSeen }: { warnings: readonly string[]; onSeen: () => void }) {
  return (
    <div className="flex flex-col gap-4">
      <div role="status" className="rounded-md border px-3 py-2 text-xs">
        <p className="flex items-center gap-2 font-medium text-ink">
          <TriangleAlert aria-hidden="true" className="size-4 shrink-0" />
          Imported. You may want to know:
        </p>
        <ul aria-label="Warnings" className="mt-1 list-disc space-y-1 pl-10 [overflow-wrap:anywhere]">
          {warnings.map((warning) => (
            <li key={warning} dir="auto">
              {warning}
            </li>
          ))}
        </ul>
      </div>
      <Button className="self-end" variant="primary" onClick={onSeen}>
        Continue
      </Button>
    </div>
  );
}

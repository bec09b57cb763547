import { CircleAlert } from "lucide-react";
import { useEffect, useRef } from "react";

import { ApiError } from "@/lib/api/errors";
import { formatCount } from "@/lib/format";
import type { UploadProblems } from "@/lib/uploads";

/** Why an upload was rejected: one sentence, then the problem of each line. */
export function UploadError({ error, problems }: { error: Error; problems: UploadProblems }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Newer browsers return a promise here, which an effect may not return.
    void box.current?.scrollIntoView({ block: "nearest" });
  }, [error]);
  return (
    <div ref={box} role="alert" className="shrink-0 scroll-mb-20 overflow-hidden rounded-md border border-bad/40">
      <div className="flex gap-2 bg-bad/8 px-3 py-2">
        <CircleAlert aria-hidden="true" className="mt-0.5 size-4 shrink-0 text-bad" />
        <p className="min-w-0 text-xs leading-5 [overflow-wrap:anywhere]">
          <span className="font-medium text-ink">{error.message}</span> {error instanceof ApiError ? error.hint : ""}
        </p>
      </div>
      {problems.lines.length > 0 && (
        <ol className="max-h-52 divide-y overflow-y-auto border-t text-xs" tabIndex={0} aria-label="Wrong lines">
          {problems.lines.map(({ line, message }) => (
            <li key={line} className="grid grid-cols-[4.5rem_minmax(0,1fr)] gap-2 px-3 py-1.5">
              <span className="num truncate font-medium text-ink">{/^\d+$/.test(line) ? `line ${line}` : line}</span>
              <span className="[overflow-wrap:anywhere]">{message}</span>
            </li>
          ))}
          {problems.more > 0 && <li className="px-3 py-1.5">and {formatCount(problems.more)} more</li>}
        </ol>
      )}
    </div>
  );
}

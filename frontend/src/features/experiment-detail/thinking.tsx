import { ChevronRight } from "lucide-react";

import { Verbatim } from "@/components/text/verbatim";
import type { Schemas } from "@/lib/api/client";
import { formatCount } from "@/lib/format";

/** What the model thought before it answered, folded; nothing if it did not, or the server does not show it. */
export function Thinking({ children, label }: { children: string; label: string }) {
  if (children === "") return null;
  return (
    <details className="group rounded-md border">
      <summary className="flex cursor-pointer list-none items-center gap-1.5 px-3 py-2 text-xs">
        <ChevronRight aria-hidden="true" className="size-3.5 shrink-0 transition-transform group-open:rotate-90" />
        <span className="font-medium text-ink">{label}</span>
        <span className="num">{formatCount(children.length)} characters</span>
      </summary>
      <div className="px-3 pb-3">
        <Verbatim label={label}>{children}</Verbatim>
      </div>
    </details>
  );
}

/** What makes the answer of a run less reliable. */
export function RunWarnings({ warnings }: { warnings: Schemas["RunOut"]["warnings"] }) {
  return warnings?.map(({ kind, message }) => (
    <p key={kind} className="rounded-md border border-warn/30 bg-warn/8 px-3 py-2 text-ink">
      {message}
    </p>
  ));
}

/** What makes a result less reliable, once for the whole experiment. */
export function ResultWarnings({ warnings }: { warnings: string[] | undefined }) {
  return warnings?.map((message) => (
    <p key={message} role="status" className="rounded-lg border border-warn/30 bg-warn/8 px-4 py-3 text-ink">
      {message}
    </p>
  ));
}

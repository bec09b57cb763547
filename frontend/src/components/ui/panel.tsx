import type { ReactNode } from "react";

import { cn } from "@/lib/utils";

interface PanelProps {
  title?: ReactNode;
  /** One line under the title. */
  hint?: ReactNode;
  /** On the right of the title. */
  actions?: ReactNode;
  children: ReactNode;
  className?: string;
  /** No padding around the body: for tables and plots that have their own. */
  flush?: boolean;
  id?: string;
}

/** A titled block with a hairline border, the container of all content. */
export function Panel({ title, hint, actions, children, className, flush = false, id }: PanelProps) {
  return (
    <section id={id} className={cn("min-w-0 overflow-hidden rounded-lg border", className)}>
      {title !== undefined && (
        <header className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 border-b px-4 py-3">
          <div className="min-w-0">
            <h2 className="text-xl leading-6">{title}</h2>
            {hint !== undefined && <p className="mt-0.5 text-xs">{hint}</p>}
          </div>
          {actions !== undefined && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
        </header>
      )}
      <div className={flush ? "min-w-0" : "min-w-0 p-4"}>{children}</div>
    </section>
  );
}

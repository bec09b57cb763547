import { CircleAlert } from "lucide-react";
import type { ReactNode } from "react";

import { ApiError } from "@/lib/api/errors";

import { Button } from "./button";

interface EmptyProps {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}

/** An empty state: what would be here, and what to do. */
export function Empty({ title, children, action }: EmptyProps) {
  return (
    <div className="flex flex-col items-center gap-2 px-6 py-12 text-center">
      <p className="font-serif text-xl text-ink">{title}</p>
      {children && <div className="max-w-md">{children}</div>}
      {action && <div className="mt-2">{action}</div>}
    </div>
  );
}

interface FailureProps {
  error: unknown;
  /** What could not be loaded, such as "the runs". */
  what: string;
  onRetry?: () => void;
}

/** An error state: what happened, what to do, and a button to retry. Why the API cannot be reached, the notice above every page tells. */
export function Failure({ error, what, onRetry }: FailureProps) {
  if (error instanceof ApiError && error.unanswered) {
    return <p className="px-6 py-10 text-center">This shows {what} as soon as the API answers.</p>;
  }
  const message = error instanceof Error ? error.message : String(error);
  // A hint at the API's documentation helps its users, and not those of a page.
  const hint = error instanceof ApiError && !error.hint.includes("/docs") ? error.hint : "";
  return (
    <div role="alert" className="flex flex-col items-center gap-2 px-6 py-10 text-center">
      <CircleAlert className="size-5 text-bad" aria-hidden="true" />
      <p className="font-medium text-ink">Could not load {what}.</p>
      <p className="max-w-lg break-words">
        {message} {hint}
      </p>
      {onRetry && (
        <Button size="sm" className="mt-1" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}

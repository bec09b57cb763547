import type { UseInfiniteQueryResult } from "@tanstack/react-query";

import { formatCount } from "@/lib/format";

import { Button } from "./button";

interface LoadMoreProps {
  pages: Pick<UseInfiniteQueryResult, "hasNextPage" | "isFetchingNextPage" | "isFetchNextPageError" | "error" | "fetchNextPage">;
  /** Rows that are shown. */
  shown: number;
  /** Rows in all; left out while it is unknown. */
  total: number | null | undefined;
}

/** The foot of a list that is loaded page by page: how much of it is shown, and a button for the next page. */
export function LoadMore({ pages, shown, total }: LoadMoreProps) {
  return (
    <>
      <div className="flex min-h-12 items-center justify-between gap-3 border-t px-4 py-2.5">
        <span className="num text-xs" role="status">
          {formatCount(shown)}
          {total != null && ` of ${formatCount(total)}`} shown
        </span>
        {pages.hasNextPage && (
          <Button size="sm" disabled={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
            {pages.isFetchingNextPage ? "Loading…" : pages.isFetchNextPageError ? "Try again" : "Show more"}
          </Button>
        )}
      </div>
      {pages.isFetchNextPageError && (
        <p role="alert" className="border-t px-4 py-2.5 text-xs text-bad">
          {pages.error?.message}
        </p>
      )}
    </>
  );
}

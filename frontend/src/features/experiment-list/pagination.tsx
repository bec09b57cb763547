import { ChevronLeft, ChevronRight } from "lucide-react";

import { Button } from "@/components/ui/button";

import { PAGE_SIZE, pageRange } from "./filters";

interface PaginationProps {
  page: number;
  shown: number;
  total: number;
  onPage: (page: number) => void;
}

export function Pagination({ page, shown, total, onPage }: PaginationProps) {
  const last = Math.max(1, Math.ceil(total / PAGE_SIZE));
  return (
    <nav aria-label="Pages" className="flex items-center justify-between gap-3 border-t px-4 py-2.5">
      <span className="num text-xs">{pageRange(page, shown, total)}</span>
      <div className="flex items-center gap-1">
        <Button variant="ghost" size="icon-sm" aria-label="Previous page" disabled={page <= 1} onClick={() => onPage(page - 1)}>
          <ChevronLeft />
        </Button>
        <span className="num text-xs">
          {page} / {last}
        </span>
        <Button variant="ghost" size="icon-sm" aria-label="Next page" disabled={page >= last} onClick={() => onPage(page + 1)}>
          <ChevronRight />
        </Button>
      </div>
    </nav>
  );
}

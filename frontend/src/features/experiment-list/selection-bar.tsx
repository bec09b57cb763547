"use client";

import { GitCompareArrows, Trash2, X } from "lucide-react";

import { Button } from "@/components/ui/button";
import { Link } from "@/components/ui/link";
import { useDeleteExperiments } from "@/lib/api/mutations";

const MAX_COMPARED = 12;

/** The actions for the selected experiments; visible while any are selected. */
export function SelectionBar({ selected, onClear }: { selected: string[]; onClear: () => void }) {
  const remove = useDeleteExperiments();
  if (selected.length === 0) return null;
  const comparable = selected.length >= 2 && selected.length <= MAX_COMPARED;
  return (
    <div
      role="toolbar"
      aria-label="Selected experiments"
      className="sticky bottom-4 z-20 flex flex-wrap items-center gap-2 self-center rounded-full border bg-paper px-3 py-2 shadow-pop"
    >
      <span className="num px-1 text-ink">{selected.length} selected</span>
      <Button asChild={comparable} size="sm" variant="primary" disabled={!comparable}>
        {comparable ? (
          <Link href={`/compare/?ids=${selected.join(",")}`}>
            <GitCompareArrows aria-hidden="true" />
            Compare
          </Link>
        ) : (
          <>
            <GitCompareArrows aria-hidden="true" />
            {selected.length < 2 ? "Compare (select another)" : `Compare (at most ${MAX_COMPARED})`}
          </>
        )}
      </Button>
      <Button size="sm" variant="danger" disabled={remove.isPending} onClick={() => remove.mutate(selected, { onSuccess: onClear })}>
        <Trash2 aria-hidden="true" />
        Delete
      </Button>
      <Button size="icon-sm" variant="ghost" aria-label="Clear the selection" onClick={onClear}>
        <X />
      </Button>
    </div>
  );
}

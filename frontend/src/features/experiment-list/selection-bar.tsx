"use client";

import { Archive, ArchiveRestore, Ban, GitCompareArrows, Tags, Trash2, X } from "lucide-react";
import { useEffect, useState } from "react";

import { ExportMenu } from "@/components/experiment/export-menu";
import { TagInput } from "@/components/experiment/tag-input";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Link } from "@/components/ui/link";
import type { Schemas } from "@/lib/api/client";
import { isLive } from "@/lib/experiment-status";

import type { BulkAction } from "./use-bulk";

type Experiment = Schemas["ExperimentSummary"];

const MAX_COMPARED = 12;

interface SelectionBarProps {
  selected: readonly Experiment[];
  busy: boolean;
  onAction: (action: BulkAction) => void;
  onClear: () => void;
}

/** The actions for the selected experiments; visible while any are selected. Escape clears the selection. */
export function SelectionBar({ selected, busy, onAction, onClear }: SelectionBarProps) {
  const [tagging, setTagging] = useState(false);
  const any = selected.length > 0;
  useEffect(() => {
    if (!any || tagging) return;
    const onKeyDown = (event: KeyboardEvent) => {
      // Menus, dialogs and fields have an Escape of their own.
      if (event.key === "Escape" && !event.defaultPrevented && !(event.target instanceof HTMLInputElement)) onClear();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [any, tagging, onClear]);
  if (!any) return null;
  const archived = selected.every((one) => one.archived_at !== null);
  return (
    <div
      role="toolbar"
      aria-label="Selected experiments"
      className="sticky bottom-4 z-20 flex max-w-full flex-wrap items-center gap-2 self-center rounded-3xl border bg-paper px-3 py-2 shadow-pop"
    >
      <span className="num px-1 text-ink">{selected.length} selected</span>
      <CompareButton ids={selected.map(({ id }) => id)} />
      <Button size="sm" disabled={busy} onClick={() => setTagging(true)}>
        <Tags aria-hidden="true" />
        Tag
      </Button>
      <Button size="sm" disabled={busy} onClick={() => onAction({ kind: archived ? "unarchive" : "archive" })}>
        {archived ? <ArchiveRestore aria-hidden="true" /> : <Archive aria-hidden="true" />}
        {archived ? "Unarchive" : "Archive"}
      </Button>
      <ExportMenu size="sm" busy={busy} onChoose={(format) => onAction({ kind: "export", format })} />
      {selected.some(isLive) && (
        <Button size="sm" variant="danger" disabled={busy} onClick={() => onAction({ kind: "cancel" })}>
          <Ban aria-hidden="true" />
          Cancel
        </Button>
      )}
      <Button size="sm" variant="danger" disabled={busy} onClick={() => onAction({ kind: "delete" })}>
        <Trash2 aria-hidden="true" />
        Delete
      </Button>
      <Button size="icon-sm" variant="ghost" aria-label="Clear the selection" onClick={onClear}>
        <X />
      </Button>
      <TagDialog
        open={tagging}
        onOpenChange={setTagging}
        selected={selected}
        onAction={(action) => {
          setTagging(false);
          onAction(action);
        }}
      />
    </div>
  );
}

function CompareButton({ ids }: { ids: string[] }) {
  const comparable = ids.length >= 2 && ids.length <= MAX_COMPARED;
  return (
    <Button asChild={comparable} size="sm" variant="primary" disabled={!comparable}>
      {comparable ? (
        <Link href={`/compare/?ids=${ids.join(",")}`}>
          <GitCompareArrows aria-hidden="true" />
          Compare
        </Link>
      ) : (
        <>
          <GitCompareArrows aria-hidden="true" />
          {ids.length < 2 ? "Compare (select another)" : `Compare (at most ${MAX_COMPARED})`}
        </>
      )}
    </Button>
  );
}

interface TagDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  selected: readonly Experiment[];
  onAction: (action: BulkAction) => void;
}

function TagDialog({ open, onOpenChange, selected, onAction }: TagDialogProps) {
  const present = [...new Set(selected.flatMap(({ tags }) => tags))].sort();
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="Tags" description={`Of the ${selected.length} selected experiments.`}>
      <div className="flex flex-col gap-4">
        <TagInput label="Tag to add" autoFocus onAdd={(tags) => onAction({ kind: "tag", tags })} />
        {present.length > 0 && (
          <div className="flex flex-wrap items-center gap-1.5">
            <span className="text-xs">Remove</span>
            {present.map((tag) => (
              <Button key={tag} size="sm" onClick={() => onAction({ kind: "untag", tags: [tag] })}>
                <X aria-hidden="true" />
                {tag}
              </Button>
            ))}
          </div>
        )}
      </div>
    </Dialog>
  );
}

"use client";

import { Archive, NotebookPen, X } from "lucide-react";
import { useState } from "react";

import { TagInput } from "@/components/experiment/tag-input";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Textarea } from "@/components/ui/field";
import { Link } from "@/components/ui/link";
import { useChangeExperiment } from "@/lib/api/annotations";
import type { Schemas } from "@/lib/api/client";
import { formatDate } from "@/lib/format";
import { MAX_TAGS } from "@/lib/tags";

type Experiment = Schemas["ExperimentOut"];

const MAX_NOTE_CHARS = 20_000;

/** Tags, notes and the archive: what people add to an experiment. */
export function Annotations({ experiment }: { experiment: Experiment }) {
  const [editing, setEditing] = useState(false);
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-1.5">
        <Tags experiment={experiment} />
        {!editing && !experiment.notes && (
          <Button size="sm" variant="ghost" onClick={() => setEditing(true)}>
            <NotebookPen aria-hidden="true" />
            Add notes
          </Button>
        )}
      </div>
      {experiment.archived_at && (
        <p role="note" className="flex items-center gap-1.5 text-xs">
          <Archive aria-hidden="true" className="size-3.5" />
          Archived {formatDate(experiment.archived_at)}: lists leave it out unless they are asked for archived ones.
        </p>
      )}
      {editing ? (
        <NotesForm experiment={experiment} onClose={() => setEditing(false)} />
      ) : (
        experiment.notes && (
          <div className="flex max-w-3xl items-start gap-2">
            <p aria-label="Notes" dir="auto" className="max-h-48 min-w-0 overflow-y-auto border-l-2 pl-3 [overflow-wrap:anywhere] whitespace-pre-wrap text-ink">
              {experiment.notes}
            </p>
            <Button size="icon-sm" variant="ghost" aria-label="Edit the notes" onClick={() => setEditing(true)}>
              <NotebookPen />
            </Button>
          </div>
        )
      )}
    </div>
  );
}

function Tags({ experiment: { id, tags } }: { experiment: Experiment }) {
  const change = useChangeExperiment(id);
  return (
    <>
      <ul aria-label="Tags" className="flex flex-wrap items-center gap-1.5 empty:hidden">
        {tags.map((tag) => (
          <li key={tag}>
            <Badge className="pr-0.5">
              <Link href={`/experiments/?tag=${encodeURIComponent(tag)}`} dir="auto" className="underline-offset-2 hover:text-ink hover:underline">
                {tag}
              </Link>
              <button type="button" aria-label={`Remove the tag ${tag}`} disabled={change.isPending} className="rounded-full p-0.5 hover:bg-line hover:text-ink" onClick={() => change.mutate({ remove_tags: [tag] })}>
                <X aria-hidden="true" />
              </button>
            </Badge>
          </li>
        ))}
      </ul>
      {tags.length < MAX_TAGS && <TagInput label="New tag" present={tags} disabled={change.isPending} onAdd={(added) => change.mutate({ add_tags: added })} />}
    </>
  );
}

function NotesForm({ experiment: { id, notes }, onClose }: { experiment: Experiment; onClose: () => void }) {
  const [text, setText] = useState(notes);
  const change = useChangeExperiment(id);
  return (
    <form
      className="flex max-w-3xl flex-col gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        change.mutate({ notes: text }, { onSuccess: onClose });
      }}
    >
      <Textarea
        aria-label="Notes"
        autoFocus
        dir="auto"
        rows={5}
        maxLength={MAX_NOTE_CHARS}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") onClose();
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit();
        }}
      />
      <div className="flex items-center gap-2">
        <Button type="submit" size="sm" variant="primary" disabled={change.isPending}>
          Save the notes
        </Button>
        <Button size="sm" onClick={onClose}>
          Cancel
        </Button>
        <span className="text-xs">Plain text. They are no part of what was run.</span>
      </div>
    </form>
  );
}

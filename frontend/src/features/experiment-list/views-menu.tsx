"use client";

import { useQuery } from "@tanstack/react-query";
import { Bookmark, Check, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";

import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { describedBy, Field, Input } from "@/components/ui/field";
import { Link } from "@/components/ui/link";
import { Menu, MenuItem } from "@/components/ui/menu";
import { ApiError } from "@/lib/api/errors";
import { type SavedView, useViewChanges, viewQueries } from "@/lib/api/views";

import { currentView, type ListState, viewQuery } from "./filters";

const MAX_NAME_CHARS = 80;

/** The saved views: each a name for filters, order and columns, shared by all who use this API. */
export function ViewsMenu({ state }: { state: ListState }) {
  const { data: views = [] } = useQuery(viewQueries.all());
  const [dialog, setDialog] = useState<"save" | "manage" | null>(null);
  const current = currentView(views, state);
  return (
    <>
      <Menu
        trigger={
          <Button size="sm">
            <Bookmark aria-hidden="true" />
            <span className="max-w-40 truncate">{current?.name ?? "Views"}</span>
          </Button>
        }
      >
        {views.map((view) => (
          <MenuItem key={view.id} asChild>
            <Link href={viewHref(view)} aria-current={view === current ? "true" : undefined}>
              <Check aria-hidden="true" className={view === current ? "" : "invisible"} />
              <span dir="auto" className="max-w-64 truncate">
                {view.name}
              </span>
            </Link>
          </MenuItem>
        ))}
        {views.length > 0 && <div role="separator" className="my-1 border-t" />}
        {!current && <MenuItem onSelect={() => setDialog("save")}>Save this view…</MenuItem>}
        {views.length > 0 && <MenuItem onSelect={() => setDialog("manage")}>Rename or delete…</MenuItem>}
        {views.length === 0 && current === undefined && <p className="max-w-56 px-2.5 py-1 text-xs">A view is a name for filters, order and columns. Everybody here sees it.</p>}
      </Menu>
      <Dialog open={dialog === "save"} onOpenChange={(open) => setDialog(open ? "save" : null)} title="Save this view" description="Filters, order and columns, under a name that everybody here sees.">
        <SaveForm query={viewQuery(state)} onDone={() => setDialog(null)} />
      </Dialog>
      <Dialog open={dialog === "manage"} onOpenChange={(open) => setDialog(open ? "manage" : null)} title="Saved views">
        <ul className="flex flex-col gap-3">
          {views.map((view) => (
            <li key={view.id}>
              <ViewForm view={view} />
            </li>
          ))}
          {views.length === 0 && <li>There are none any more.</li>}
        </ul>
      </Dialog>
    </>
  );
}

function viewHref({ query }: SavedView): string {
  return query ? `/experiments/?${query}` : "/experiments/";
}

function messageOf(error: Error | null): string | undefined {
  if (!error) return undefined;
  return error instanceof ApiError ? [error.message, error.hint].filter(Boolean).join(" ") : error.message;
}

function SaveForm({ query, onDone }: { query: string; onDone: () => void }) {
  const [name, setName] = useState("");
  const { save } = useViewChanges();
  const error = messageOf(save.error);
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate({ name, query }, { onSuccess: onDone });
  };
  return (
    <form className="flex flex-col gap-3" onSubmit={onSubmit}>
      <Field label="Name" htmlFor="view-name" error={error}>
        <Input {...describedBy("view-name", error)} autoFocus maxLength={MAX_NAME_CHARS} value={name} onChange={(event) => setName(event.target.value)} />
      </Field>
      <Button type="submit" variant="primary" className="self-start" disabled={!name.trim() || save.isPending}>
        Save
      </Button>
    </form>
  );
}

function ViewForm({ view }: { view: SavedView }) {
  const [name, setName] = useState(view.name);
  const { change, remove } = useViewChanges();
  const error = messageOf(change.error);
  const id = `view-${view.id}`;
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate({ id: view.id, name });
  };
  return (
    <form className="flex items-start gap-2" onSubmit={onSubmit}>
      <div className="min-w-0 flex-1">
        <Input aria-label={`Name of ${view.name}`} {...describedBy(id, error)} maxLength={MAX_NAME_CHARS} value={name} onChange={(event) => setName(event.target.value)} />
        {error && (
          <p id={`${id}-error`} className="mt-1 text-xs text-bad">
            {error}
          </p>
        )}
      </div>
      <Button type="submit" className="px-3" disabled={!name.trim() || name.trim() === view.name || change.isPending}>
        Rename
      </Button>
      <Button variant="ghost" size="icon" aria-label={`Delete ${view.name}`} disabled={remove.isPending} onClick={() => remove.mutate(view.id)}>
        <Trash2 />
      </Button>
    </form>
  );
}

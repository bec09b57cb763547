import type { KeyboardEvent, MouseEvent } from "react";

import { Checkbox } from "@/components/ui/checkbox";

export interface Selection {
  selected: ReadonlySet<string>;
  onSelect: (ids: string[], on: boolean) => void;
}

interface RowCheckboxProps {
  id: string;
  name: string;
  /** The rows of the table, in order. */
  ids: readonly string[];
  selection: Selection;
}

const ATTRIBUTE = "data-select";
/** Where a range begins: the row that was chosen last. */
let anchor: string | null = null;

/** The rows from one to another, both included. */
export function rangeOf(ids: readonly string[], from: string | null, to: string): string[] {
  const start = from === null ? -1 : ids.indexOf(from);
  const end = ids.indexOf(to);
  return start === -1 ? [to] : ids.slice(Math.min(start, end), Math.max(start, end) + 1);
}

/** Selects a row. Space toggles; with Shift, a click or the arrow keys select all rows from the last one on; arrows move. */
export function RowCheckbox({ id, name, ids, selection }: RowCheckboxProps) {
  const checked = selection.selected.has(id);
  const onClick = (event: MouseEvent) => {
    event.preventDefault(); // instead of its own toggling
    selection.onSelect(event.shiftKey ? rangeOf(ids, anchor, id) : [id], event.shiftKey || !checked);
    anchor = id;
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const next = ids[ids.indexOf(id) + (event.key === "ArrowDown" ? 1 : -1)];
    if (next === undefined) return;
    event.currentTarget.closest("table")?.querySelector<HTMLElement>(`[${ATTRIBUTE}="${next}"]`)?.focus();
    if (!event.shiftKey) return;
    selection.onSelect([id, next], true);
    anchor = next;
  };
  return <Checkbox {...{ [ATTRIBUTE]: id }} checked={checked} onClick={onClick} onKeyDown={onKeyDown} aria-label={`Select ${name}`} />;
}

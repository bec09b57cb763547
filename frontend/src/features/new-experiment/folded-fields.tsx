"use client";

import { ChevronRight } from "lucide-react";
import { type ReactNode, useId, useState } from "react";

import { plural } from "@/lib/format";
import { cn } from "@/lib/utils";

interface FoldedFieldsProps {
  title: string;
  /** A field with an error is never hidden. */
  wrong: boolean;
  /** How many fields there are, and how many do not have their default. */
  count: number;
  changed: number;
  children: ReactNode;
}

/** Fields that most experiments leave as they are. */
export function FoldedFields({ title, wrong, count, changed, children }: FoldedFieldsProps) {
  const [wanted, setWanted] = useState(false);
  const id = useId();
  const open = wanted || wrong;
  return (
    <div className="rounded-md border sm:col-span-full">
      <button
        type="button"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setWanted(!open)}
        className="flex w-full items-center gap-1.5 rounded-md px-3 py-2 text-left text-xs"
      >
        <ChevronRight aria-hidden="true" className={cn("size-3.5 transition-transform", open && "rotate-90")} />
        <span className="font-medium text-ink">{title}</span>
        {plural(count, "field")}, {changed === 0 ? "all at their defaults" : `${changed} changed`}
      </button>
      {open && (
        <div id={id} className="grid gap-4 border-t px-3 pt-3 pb-4 sm:grid-cols-2">
          {children}
        </div>
      )}
    </div>
  );
}

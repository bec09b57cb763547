"use client";

import { useQueries } from "@tanstack/react-query";
import { X } from "lucide-react";
import { useState } from "react";

import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Link } from "@/components/ui/link";
import { Panel } from "@/components/ui/panel";
import { experimentHref } from "@/lib/api/mutations";
import { experimentQueries } from "@/lib/api/queries";
import { formatMethod } from "@/lib/format";

import { AddExperiment } from "./add-experiment";
import { letterOf } from "./prepare";

const MAX = 12;
/** More experiments than this are folded, so that the verdict comes first. */
const OPEN = 4;

interface ChosenPanelProps {
  ids: string[];
  onChange: (ids: string[]) => void;
}

/** The compared experiments: choose the baseline, add others, remove them. */
export function ChosenPanel({ ids, onChange }: ChosenPanelProps) {
  const chosen = useQueries({ queries: ids.map((id) => experimentQueries.detail(id)) });
  const [open, setOpen] = useState(ids.length <= OPEN);
  if (!open) {
    return (
      <Panel flush>
        <div className="flex items-center justify-between gap-3 px-4 py-2">
          <p className="min-w-0 truncate">
            <span className="text-ink">{ids.length} experiments</span>, against the baseline A: <bdi className="text-ink">{chosen[0]?.data?.name ?? "…"}</bdi>
          </p>
          <Button size="sm" onClick={() => setOpen(true)}>
            Change
          </Button>
        </div>
      </Panel>
    );
  }
  return (
    <Panel flush className="overflow-visible">
      <ol className="divide-y">
        {ids.map((id, index) => (
          <li key={id} className="flex flex-wrap items-center gap-x-3 gap-y-0.5 px-4 py-1">
            <span className="w-5 shrink-0 font-serif text-lg leading-5 text-ink">{letterOf(index)}</span>
            <span className="min-w-0 flex-1 basis-56 sm:flex sm:items-baseline sm:gap-3">
              <Link href={experimentHref(id)} dir="auto" className="block truncate font-medium text-ink underline-offset-3 hover:underline">
                {chosen[index]?.data?.name ?? id}
              </Link>
              <span className="block min-w-0 truncate text-xs">
                {chosen[index]?.data ? `${chosen[index].data.model} · ${formatMethod(chosen[index].data.method)} · ${chosen[index].data.dataset}` : " "}
              </span>
            </span>
            {index === 0 ? (
              <Badge>Baseline</Badge>
            ) : (
              <Button size="sm" variant="ghost" onClick={() => onChange([id, ...ids.filter((other) => other !== id)])}>
                Make baseline
              </Button>
            )}
            <Button
              size="icon-sm"
              variant="ghost"
              aria-label={`Remove ${chosen[index]?.data?.name ?? "this experiment"}`}
              onClick={() => onChange(ids.filter((other) => other !== id))}
            >
              <X />
            </Button>
          </li>
        ))}
        {ids.length < MAX && (
          <li className="max-w-xl px-4 py-2">
            <AddExperiment ids={ids} onAdd={(id) => onChange([...ids, id])} />
          </li>
        )}
      </ol>
    </Panel>
  );
}

"use client";

import { useQueries, useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";

import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Select } from "@/components/ui/field";
import { Link } from "@/components/ui/link";
import { Panel } from "@/components/ui/panel";
import { experimentHref } from "@/lib/api/mutations";
import { experimentQueries } from "@/lib/api/queries";
import { formatMethod } from "@/lib/format";

import { letterOf } from "./prepare";

const MAX = 12;
const OFFERED = 200;

interface ChosenPanelProps {
  ids: string[];
  onChange: (ids: string[]) => void;
}

/** The compared experiments: choose the baseline, add others, remove them. */
export function ChosenPanel({ ids, onChange }: ChosenPanelProps) {
  const chosen = useQueries({ queries: ids.map((id) => experimentQueries.detail(id)) });
  const offered = useQuery(experimentQueries.list({ status: ["COMPLETED", "FAILED", "CANCELLED"], limit: OFFERED }));
  const rest = offered.data?.items.filter(({ id, scores }) => !ids.includes(id) && Object.keys(scores).length > 0) ?? [];
  return (
    <Panel title="Experiments" flush>
      <ol className="divide-y">
        {ids.map((id, index) => (
          <li key={id} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2">
            <span className="flex size-6 shrink-0 items-center justify-center rounded-full border font-serif text-base text-ink">{letterOf(index)}</span>
            <span className="min-w-0 flex-1 basis-56">
              <Link href={experimentHref(id)} className="block truncate font-medium text-ink underline-offset-3 hover:underline">
                {chosen[index]?.data?.name ?? id}
              </Link>
              <span className="block truncate text-xs">
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
          <li className="px-4 py-2.5">
            <Select aria-label="Add an experiment" value="" onChange={(event) => onChange([...ids, event.target.value])} className="max-w-md">
              <option value="">Add an experiment…</option>
              {rest.map(({ id, name, model }) => (
                <option key={id} value={id}>
                  {name} ({model})
                </option>
              ))}
            </Select>
          </li>
        )}
      </ol>
    </Panel>
  );
}

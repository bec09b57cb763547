"use client";

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { Combobox } from "@/components/ui/combobox";
import { experimentQueries } from "@/lib/api/queries";
import { formatCount, formatMethod } from "@/lib/format";
import { useDebounced } from "@/lib/use-debounced";

const OFFERED = 20;
const TYPING_MS = 200;

interface AddExperimentProps {
  /** Those that are compared already. */
  ids: string[];
  onAdd: (id: string) => void;
}

/** Adds an experiment with a result to the comparison: by its name, model or dataset, among all there are. */
export function AddExperiment({ ids, onAdd }: AddExperimentProps) {
  const [text, setText] = useState("");
  const wanted = useDebounced(text, TYPING_MS);
  const found = useQuery(experimentQueries.list({ status: ["COMPLETED", "FAILED", "CANCELLED"], text: wanted, limit: OFFERED + ids.length }));
  const offered = (found.data?.items ?? []).filter(({ id, scores }) => !ids.includes(id) && Object.keys(scores).length > 0);
  const more = (found.data?.total ?? 0) - (found.data?.items.length ?? 0);
  const note = !found.data ? "Searching…" : more > 0 ? `${formatCount(more)} more: type to narrow them down.` : offered.length === 0 ? "No other experiment with a result fits." : "";
  return (
    <Combobox
      label="Add an experiment"
      placeholder="Add an experiment: name, model or dataset"
      text={text}
      onText={setText}
      note={note}
      onChoose={onAdd}
      options={offered.map(({ id, name, model, method, dataset }) => ({
        value: id,
        label: (
          <>
            <span dir="auto" className="block truncate font-medium text-ink">
              {name}
            </span>
            <span className="block truncate text-xs">
              {model} · {formatMethod(method)} · {dataset}
            </span>
          </>
        ),
      }))}
    />
  );
}

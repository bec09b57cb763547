"use client";

import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";

import { Button } from "@/components/ui/button";
import { Select } from "@/components/ui/field";
import { SearchInput } from "@/components/ui/search-input";
import { experimentQueries } from "@/lib/api/queries";
import { formatMethod } from "@/lib/format";
import { cn } from "@/lib/utils";

import { isFiltered, type ListState, statusFilters } from "./filters";

const TYPING_MS = 250;

interface FilterBarProps {
  state: ListState;
  onChange: (change: Partial<ListState>) => void;
}

export function FilterBar({ state, onChange }: FilterBarProps) {
  const { data: facets } = useQuery(experimentQueries.facets());
  const toggle = (status: ListState["status"][number]) =>
    onChange({
      status: state.status.includes(status) ? state.status.filter((s) => s !== status) : [...state.status, status],
    });
  return (
    <div className="flex flex-col gap-3">
      <div className="grid gap-2 sm:grid-cols-2 lg:grid-cols-[minmax(0,2fr)_repeat(3,minmax(0,1fr))]">
        <SearchInput
          label="Search"
          placeholder="Name, description, model, dataset"
          value={state.text}
          onChange={(text) => onChange({ text })}
          pauseMs={TYPING_MS}
        />
        <Choice label="All methods" value={state.method} options={facets?.methods} name={formatMethod} onChange={(method) => onChange({ method })} />
        <Choice label="All models" value={state.model} options={facets?.models} onChange={(model) => onChange({ model })} />
        <Choice label="All datasets" value={state.dataset} options={facets?.datasets} onChange={(dataset) => onChange({ dataset })} />
      </div>
      <div className="flex flex-wrap items-center gap-1.5" role="group" aria-label="Status">
        {statusFilters.map(({ status, label }) => {
          const on = state.status.includes(status);
          return (
            <button
              key={status}
              type="button"
              aria-pressed={on}
              onClick={() => toggle(status)}
              className={cn(
                "h-7 rounded-full border px-3 text-xs font-medium transition-colors hover:border-muted/50 hover:text-ink",
                on && "border-ink bg-ink text-paper hover:text-paper",
              )}
            >
              {label}
            </button>
          );
        })}
        {isFiltered(state) && (
          <Button size="sm" variant="ghost" onClick={() => onChange({ text: "", status: [], method: "", model: "", dataset: "" })}>
            <X aria-hidden="true" />
            Clear
          </Button>
        )}
      </div>
    </div>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  options: string[] | undefined;
  /** The label of an option. */
  name?: (option: string) => string;
  onChange: (value: string) => void;
}

function Choice({ label, value, options = [], name = String, onChange }: ChoiceProps) {
  const known = value === "" || options.includes(value) ? options : [value, ...options];
  return (
    <Select aria-label={label} value={value} onChange={(event) => onChange(event.target.value)}>
      <option value="">{label}</option>
      {known.map((option) => (
        <option key={option} value={option}>
          {name(option)}
        </option>
      ))}
    </Select>
  );
}

"use client";

import { useQuery } from "@tanstack/react-query";
import { Columns3, X } from "lucide-react";

import { Button } from "@/components/ui/button";
import { Select } from "@/components/ui/field";
import { Menu, MenuCheckItem } from "@/components/ui/menu";
import { SearchInput } from "@/components/ui/search-input";
import { experimentQueries, scoreQueries } from "@/lib/api/queries";
import { formatMethod, formatName } from "@/lib/format";
import { cn } from "@/lib/utils";

import { columnChoices, withColumn } from "./columns";
import { isFiltered, type ListState, statusFilters } from "./filters";
import { TagChoice } from "./tag-choice";
import { ViewsMenu } from "./views-menu";

const TYPING_MS = 250;

/** Stands for the chosen score. */
const SCORE = "score";
/** The orders of a phone, where the table has no heads to sort by. */
const orders = [
  { sort: "-created_at", label: "Newest first" },
  { sort: SCORE, label: "Highest score first" },
  { sort: "latency_p50_ms", label: "Fastest first" },
  { sort: "cost_usd", label: "Cheapest first" },
  { sort: "name", label: "By name" },
] as const;

/** The look of a filter that is on or off. */
function chip(on: boolean): string {
  return cn("h-7 rounded-full border px-3 text-xs font-medium transition-colors hover:border-muted/50 hover:text-ink", on && "border-ink bg-ink text-paper hover:text-paper");
}

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
  const { data: scores } = useQuery(scoreQueries.all());
  return (
    <div className="flex flex-col gap-2">
      <div className="grid grid-cols-2 gap-2 lg:grid-cols-[minmax(0,2fr)_repeat(4,minmax(0,1fr))]">
        <SearchInput
          label="Search"
          placeholder="Name, notes, model, dataset"
          value={state.text}
          onChange={(text) => onChange({ text })}
          pauseMs={TYPING_MS}
          className="max-sm:col-span-full"
        />
        <Choice label="All methods" value={state.method} options={facets?.methods} name={formatMethod} onChange={(method) => onChange({ method })} />
        <Choice label="All models" value={state.model} options={facets?.models} onChange={(model) => onChange({ model })} />
        <Choice label="All datasets" value={state.dataset} options={facets?.datasets} onChange={(dataset) => onChange({ dataset })} />
        <TagChoice tags={state.tag} options={facets?.tags} onChange={(tag) => onChange({ tag })} />
      </div>
      <div className="flex flex-wrap items-center gap-2">
        <div className="flex flex-wrap items-center gap-1.5" role="group" aria-label="Status">
        {statusFilters.map(({ status, label }) => {
          const on = state.status.includes(status);
          return (
            <button
              key={status}
              type="button"
              aria-pressed={on}
              onClick={() => toggle(status)}
              className={chip(on)}
            >
              {label}
            </button>
          );
        })}
        <button type="button" aria-pressed={state.archived === "only"} onClick={() => onChange({ archived: state.archived === "only" ? "exclude" : "only" })} className={chip(state.archived === "only")}>
          Archived
        </button>
        {isFiltered(state) && (
          <Button size="sm" variant="ghost" onClick={() => onChange({ text: "", status: [], method: "", model: "", dataset: "", tag: [], archived: "exclude" })}>
            <X aria-hidden="true" />
            Clear
          </Button>
        )}
      </div>
        <div className="flex flex-wrap items-center gap-1.5 sm:ml-auto">
          <ViewsMenu state={state} />
          <Select aria-label="Order" className="h-7 w-auto max-w-40 text-xs sm:hidden" value={state.sort} onChange={(event) => onChange({ sort: event.target.value })}>
            {!orders.some(({ sort }) => sort === state.sort || (sort === SCORE && state.sort === `-${state.score}`)) && <option value={state.sort}>Other order</option>}
            {orders.map(({ sort, label }) => (
              <option key={sort} value={sort === SCORE ? `-${state.score}` : sort}>
                {label}
              </option>
            ))}
          </Select>
          <Select aria-label="Score" className="h-7 w-auto max-w-44 text-xs" value={state.score} onChange={(event) => onChange({ score: event.target.value })}>
            {scores?.every(({ name }) => name !== state.score) !== false && <option value={state.score}>{formatName(state.score)}</option>}
            {scores?.map(({ name, label }) => (
              <option key={name} value={name}>
                {label}
              </option>
            ))}
          </Select>
          <Menu
            trigger={
              <Button size="sm" className="max-sm:hidden">
                <Columns3 aria-hidden="true" />
                Columns
              </Button>
            }
          >
            {columnChoices.map(({ column, label }) => (
              <MenuCheckItem key={column} checked={state.columns.includes(column)} onChange={(on) => onChange({ columns: withColumn(state.columns, column, on) })}>
                {label}
              </MenuCheckItem>
            ))}
          </Menu>
        </div>
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

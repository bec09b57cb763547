"use client";

import { useQuery } from "@tanstack/react-query";
import { SlidersHorizontal, X } from "lucide-react";
import { useId, useState } from "react";

import { Button } from "@/components/ui/button";
import { Input, Select } from "@/components/ui/field";
import { SearchInput } from "@/components/ui/search-input";
import { Segmented } from "@/components/ui/segmented";
import { labelQueries } from "@/lib/api/labels";
import { useScoreNames } from "@/components/run/use-score-names";
import { resultQueries } from "@/lib/api/queries";
import { formatName } from "@/lib/format";

import type { RunState } from "./prepare";
import { attributions, countFilters, labelChoices, noFilter, offeredOutcomes, outcomeLabel, runBounds, type RunListState, runSorts, sliceChoices } from "./run-filters";

const TYPING_MS = 250;

interface RunFilterBarProps {
  id: string;
  score: string;
  /** All scores of the runs. */
  scores: readonly string[];
  scoring: string;
  state: RunListState;
  /** Runs by state, and failed runs by kind. */
  counts: Record<RunState, number>;
  failures: string[];
  /** Whether answers were made from passages. */
  retrieves: boolean;
  onChange: (change: Partial<RunListState>) => void;
}

/** Search, order and filters of the list of runs. */
export function RunFilterBar({ id, score, scores, scoring, state, counts, failures, retrieves, onChange }: RunFilterBarProps) {
  const more = countFilters(state);
  const [wanted, setWanted] = useState(more > 0);
  const panel = useId();
  const filtered = more > 0 || state.q !== "" || state.filter !== "all";
  return (
    <div className="flex flex-col gap-2 border-b px-4 py-2.5">
      <div className="flex flex-wrap gap-2">
        <SearchInput
          label="Search the runs"
          placeholder="Question, answer, output"
          value={state.q}
          onChange={(q) => onChange({ q })}
          pauseMs={TYPING_MS}
          maxLength={200}
          className="min-w-40 flex-1"
        />
        <Select aria-label="Order" className="w-auto" value={state.sort} onChange={(event) => onChange({ sort: event.target.value as RunListState["sort"] })}>
          {runSorts.map(({ sort, label }) => (
            <option key={sort} value={sort}>
              {label}
            </option>
          ))}
        </Select>
      </div>
      <div className="flex flex-wrap items-center gap-2">
        <Segmented
          label="Filter"
          value={state.filter}
          onChange={(filter) => onChange({ filter })}
          options={offeredOutcomes(counts, state.filter).map((value) => ({ value, label: outcomeLabel(value) }))}
        />
        <Button size="sm" variant="ghost" aria-expanded={wanted} aria-controls={wanted ? panel : undefined} onClick={() => setWanted(!wanted)}>
          <SlidersHorizontal aria-hidden="true" />
          More filters{more > 0 && `, ${more} set`}
        </Button>
        {filtered && (
          <Button size="sm" variant="ghost" onClick={() => onChange({ ...noFilter, sort: state.sort })}>
            <X aria-hidden="true" />
            Clear
          </Button>
        )}
      </div>
      {wanted && <MoreFilters panel={panel} id={id} score={score} scores={scores} scoring={scoring} state={state} failures={failures} retrieves={retrieves} onChange={onChange} />}
    </div>
  );
}

function MoreFilters({ panel, id, score, scores, scoring, state, failures, retrieves, onChange }: Omit<RunFilterBarProps, "counts"> & { panel: string }) {
  const { data } = useQuery(resultQueries.slices(id, score, scoring));
  const labels = useQuery(labelQueries.summary([id]));
  const slices = sliceChoices(data?.slices ?? []);
  const { labelOf } = useScoreNames();
  const others = scores.filter((name) => name !== score);
  return (
    <div id={panel} className="grid gap-2 pb-1 sm:grid-cols-2">
      {runBounds.map(({ label, from, to, step }) => (
        <div key={label} role="group" aria-label={label} className="flex items-center gap-1.5">
          <span className="w-20 shrink-0 text-xs">{label}</span>
          {[from, to].map((bound) => (
            <Input
              key={bound}
              type="number"
              min={0}
              step={step}
              aria-label={`${label}: ${bound === from ? "at least" : "at most"}`}
              placeholder={bound === from ? "from" : "to"}
              className="h-8"
              value={state[bound] ?? ""}
              onChange={(event) => onChange({ [bound]: event.target.value === "" ? null : Number(event.target.value) })}
            />
          ))}
        </div>
      ))}
      {failures.length > 0 && (
        <Select aria-label="Kind of failure" className="h-8" value={state.kind} onChange={(event) => onChange({ kind: event.target.value })}>
          <option value="">Any kind of failure, or none</option>
          {failures.map((kind) => (
            <option key={kind} value={kind}>
              {formatName(kind)}
            </option>
          ))}
        </Select>
      )}
      {retrieves && (
        <Select aria-label="Where answers went right or wrong" className="h-8" value={state.attribution} onChange={(event) => onChange({ attribution: event.target.value })}>
          <option value="">Passages used well or not</option>
          {attributions.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </Select>
      )}
      {Object.keys(labels.data?.labellers ?? {}).length > 0 && (
        <Select aria-label="People’s labels" className="h-8" value={state.label} onChange={(event) => onChange({ label: event.target.value as RunListState["label"] })}>
          <option value="">Labelled by people or not</option>
          {labelChoices.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </Select>
      )}
      {others.length > 0 && (
        <Select aria-label="Where another score disagrees" className="h-8" value={state.against} onChange={(event) => onChange({ against: event.target.value })}>
          <option value="">Whatever other scores say</option>
          {others.map((name) => (
            <option key={name} value={name}>
              {labelOf(name)} disagrees
            </option>
          ))}
        </Select>
      )}
      {slices.length > 0 && (
        <Select aria-label="Questions" className="h-8" value={state.slice} onChange={(event) => onChange({ slice: event.target.value })}>
          <option value="">All questions</option>
          {slices.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </Select>
      )}
    </div>
  );
}

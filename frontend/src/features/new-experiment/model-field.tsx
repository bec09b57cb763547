"use client";

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { Badge, type Tone } from "@/components/ui/badge";
import { describedBy, Field, Input, Select } from "@/components/ui/field";
import { systemQueries } from "@/lib/api/queries";
import { formatName } from "@/lib/format";
import { useDebounced } from "@/lib/use-debounced";

import { groupModels, OTHER } from "./models";

const TYPING_MS = 500;
const tones: Record<string, Tone> = { ready: "good", key_missing: "warn", address_missing: "warn", file_missing: "warn", unreachable: "bad" };

interface ModelFieldProps {
  value: string;
  error: string | undefined;
  onChange: (model: string) => void;
}

/** A model of the catalog or any other by its name, and whether it responds. */
export function ModelField({ value, error, onChange }: ModelFieldProps) {
  const catalog = useQuery(systemQueries.models());
  const debounced = useDebounced(value, TYPING_MS);
  const check = useQuery({ ...systemQueries.checkModel(debounced), enabled: debounced.includes("/") });
  const [naming, setNaming] = useState(false);
  const groups = groupModels(catalog.data);
  const listed = groups.some(({ models }) => models.some(({ name }) => name === value));
  const other = naming || (catalog.data !== undefined && value !== "" && !listed);
  const hint = "provider/model";
  return (
    <div className="flex min-w-0 flex-col gap-2 sm:col-span-full">
      <Field label="Model" htmlFor="field-model" error={other ? undefined : error}>
        <Select
          {...describedBy("field-model", other ? undefined : error)}
          value={other ? OTHER : value}
          onChange={(event) => {
            setNaming(event.target.value === OTHER);
            if (event.target.value !== OTHER) onChange(event.target.value);
          }}
        >
          {value === "" && <option value="">Choose a model</option>}
          {groups.map(({ label, models }) => (
            <optgroup key={label} label={label}>
              {models.map(({ name, state }) => (
                <option key={name} value={name}>
                  {name}
                  {state === "ready" ? "" : ` (${formatName(state).toLowerCase()})`}
                </option>
              ))}
            </optgroup>
          ))}
          <option value={OTHER}>Another, by its name…</option>
        </Select>
      </Field>
      {other && (
        <Field label="Name of the model" htmlFor="field-model-name" error={error} hint={hint}>
          <Input
            {...describedBy("field-model-name", error, hint)}
            placeholder="ollama/llama3.2"
            value={value}
            onChange={(event) => onChange(event.target.value)}
          />
        </Field>
      )}
      {!error && (
        <p className="flex min-h-5 flex-wrap items-center gap-2 text-xs" aria-live="polite">
          {check.data && check.data.name === value ? (
            <>
              <Badge tone={tones[check.data.state] ?? "plain"}>{formatName(check.data.state).toLowerCase()}</Badge>
              {check.data.message}
            </>
          ) : (
            check.isFetching && "Checking the model…"
          )}
        </p>
      )}
    </div>
  );
}

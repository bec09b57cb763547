"use client";

import { useQuery } from "@tanstack/react-query";

import { describedBy, Field, Input, Select } from "@/components/ui/field";
import { systemQueries } from "@/lib/api/queries";

import { judgeOf, type Judge } from "./groups";
import type { FieldSpec } from "./schema";

const judges: Record<Judge, { label: string; hint: string }> = {
  nobody: { label: "Nobody", hint: "Answers are not judged by what was retrieved for them." },
  nli: { label: "NLI model", hint: "A model of natural language inference, on this machine, says how much follows from the passages." },
  llm: { label: "Language model", hint: "A model of the catalog is asked whether the answer follows from the passages." },
};

interface FaithfulnessFieldProps {
  /** As the configuration has it; nothing if nobody judges. */
  value: unknown;
  /** The model that judges, as the configuration has it. */
  model: unknown;
  /** The field of the model in the API's schema, for its default. */
  spec: FieldSpec | undefined;
  errors: { judge: string | undefined; model: string | undefined };
  onJudge: (value: { judge: Judge } | undefined) => void;
  onModel: (model: string | undefined) => void;
}

/** Who judges whether answers follow from what was retrieved: nobody, or a model that is named. */
export function FaithfulnessField({ value, model, spec, errors, onJudge, onModel }: FaithfulnessFieldProps) {
  const judge = judgeOf(value);
  const catalog = useQuery(systemQueries.models());
  const hint = judge === "llm" ? "provider/model" : "Folder, or id on the hub.";
  const placeholder = judge === "llm" ? "openai/gpt-4o-mini" : String(spec?.default ?? "");
  return (
    <>
      <Field label="Who judges faithfulness" htmlFor="field-faithfulness" hint={judges[judge].hint} error={errors.judge}>
        <Select
          {...describedBy("field-faithfulness", errors.judge, judges[judge].hint)}
          value={judge}
          // The model of one is none for the other.
          onChange={(event) => onJudge(event.target.value === "nobody" ? undefined : { judge: event.target.value as Judge })}
        >
          {Object.entries(judges).map(([name, { label }]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </Select>
      </Field>
      {judge !== "nobody" && (
        <Field label="Model that judges" htmlFor="field-faithfulness.model" hint={hint} error={errors.model}>
          <Input
            {...describedBy("field-faithfulness.model", errors.model, hint)}
            list={judge === "llm" ? "faithfulness-models" : undefined}
            placeholder={placeholder}
            value={String(model ?? "")}
            onChange={(event) => onModel(event.target.value === "" ? undefined : event.target.value)}
          />
          {judge === "llm" && (
            <datalist id="faithfulness-models">
              {catalog.data?.models.map(({ name }) => (
                <option key={name} value={name} />
              ))}
            </datalist>
          )}
        </Field>
      )}
    </>
  );
}

"use client";

import { useQuery } from "@tanstack/react-query";

import { describedBy, Field, Input, Select } from "@/components/ui/field";
import { systemQueries } from "@/lib/api/queries";

import { judgeOf, type Judge } from "./groups";
import type { FieldSpec } from "./schema";

const judges: Record<Judge, { label: string; hint: string }> = {
  none: { label: "None", hint: "Faithfulness is not scored." },
  nli: { label: "NLI model", hint: "A model for natural language inference, on this machine, scores whether the passages entail the answer." },
  llm: { label: "Language model", hint: "A language model is asked whether the answer follows from the passages." },
};

interface FaithfulnessFieldProps {
  /** The value in the configuration; undefined without a judge. */
  value: unknown;
  /** The judge model in the configuration. */
  model: unknown;
  /** The field of the model in the API's schema, for its default. */
  spec: FieldSpec | undefined;
  errors: { judge: string | undefined; model: string | undefined };
  onJudge: (value: { judge: Judge } | undefined) => void;
  onModel: (model: string | undefined) => void;
}

/** The judge of faithfulness (whether answers follow from the retrieved passages): none, or a model. */
export function FaithfulnessField({ value, model, spec, errors, onJudge, onModel }: FaithfulnessFieldProps) {
  const judge = judgeOf(value);
  const catalog = useQuery(systemQueries.models());
  const hint = judge === "llm" ? "provider/model" : "Folder, or id on the Hugging Face Hub.";
  const placeholder = judge === "llm" ? "openai/gpt-4o-mini" : String(spec?.default ?? "");
  return (
    <>
      <Field label="Faithfulness judge" htmlFor="field-faithfulness" hint={judges[judge].hint} error={errors.judge}>
        <Select
          {...describedBy("field-faithfulness", errors.judge, judges[judge].hint)}
          value={judge}
          // The two kinds of judges take different models.
          onChange={(event) => onJudge(event.target.value === "none" ? undefined : { judge: event.target.value as Judge })}
        >
          {Object.entries(judges).map(([name, { label }]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </Select>
      </Field>
      {judge !== "none" && (
        <Field label="Judge model" htmlFor="field-faithfulness.model" hint={hint} error={errors.model}>
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

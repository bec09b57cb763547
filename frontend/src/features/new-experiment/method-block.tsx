"use client";

import type { ReactNode } from "react";

import { describedBy, Field, Select } from "@/components/ui/field";
import { formatMethod } from "@/lib/format";

import { type Draft, valueAt, withValue } from "./draft";
import { FoldedFields } from "./folded-fields";
import { countChanged, groupFields, relevantFields } from "./groups";
import type { FieldSpec, Variant } from "./schema";
import { KnowledgeField } from "./version-fields";

interface MethodBlockProps {
  methods: Variant[];
  draft: Draft;
  errors: Record<string, string>;
  onChange: (draft: Draft) => void;
  /** Renders the control of a field of the method. */
  control: (spec: FieldSpec) => ReactNode;
}

/** The method and its fields; of a method with many fields, the details are collapsed. */
export function MethodBlock({ methods, draft, errors, onChange, control }: MethodBlockProps) {
  const method = methods.find(({ name }) => name === valueAt(draft, "method.name")) ?? methods[0];
  const fields = method?.fields ?? [];
  const relevant = relevantFields(fields, ({ name }) => valueAt(draft, `method.${name}`));
  // A field with an error is always shown.
  const shown = fields.filter((field) => relevant.includes(field) || errors[`method.${field.name}`] !== undefined);
  const { main, details } = groupFields(method?.name ?? "", shown);
  const problem = errors.method ?? errors["method.name"];
  return (
    <>
      <Field label="Method" htmlFor="field-method" hint={method?.description} error={problem}>
        <Select
          {...describedBy("field-method", problem, method?.description)}
          value={method?.name}
          onChange={(event) => onChange(withValue(draft, "method", { name: event.target.value }))}
        >
          {methods.map(({ name }) => (
            <option key={name} value={name}>
              {formatMethod(name)}
            </option>
          ))}
        </Select>
      </Field>
      {main.map((spec) => {
        // The control of the knowledge base includes its version.
        if (spec.name === "version" && main.some(({ name }) => name === "knowledge_base")) return null;
        return spec.name === "knowledge_base" ? <Knowledge key={spec.name} spec={spec} draft={draft} errors={errors} onChange={onChange} /> : control(spec);
      })}
      {details.length > 0 && (
        <FoldedFields
          title="Details"
          wrong={details.some(({ name }) => errors[`method.${name}`] !== undefined)}
          count={details.length}
          changed={countChanged(details, ({ name }) => valueAt(draft, `method.${name}`))}
        >
          {details.map(control)}
        </FoldedFields>
      )}
    </>
  );
}

function Knowledge({ spec, draft, errors, onChange }: Pick<MethodBlockProps, "draft" | "errors" | "onChange"> & { spec: FieldSpec }) {
  const set = (path: string, value: unknown, of: Draft = draft) => withValue(of, path, value);
  return (
    <KnowledgeField
      name={String(valueAt(draft, "method.knowledge_base") ?? spec.default ?? "")}
      version={String(valueAt(draft, "method.version") ?? "")}
      errors={{ name: errors["method.knowledge_base"], version: errors["method.version"] }}
      onName={(name) => onChange(set("method.knowledge_base", name, set("method.version", undefined)))}
      onVersion={(version) => onChange(set("method.version", version))}
    />
  );
}

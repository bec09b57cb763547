"use client";

import { Control } from "./control";
import { type Draft, valueAt, withValue } from "./draft";
import { FoldedFields } from "./folded-fields";
import { countChanged } from "./groups";
import type { FieldSpec } from "./schema";

interface ExecutionFieldsProps {
  /** Of the API's schema. */
  fields: readonly FieldSpec[];
  draft: Draft;
  errors: Record<string, string>;
  onChange: (draft: Draft) => void;
}

/** How calls are sent. The size of groups is shown where there are groups. */
export function ExecutionFields({ fields, draft, errors, onChange }: ExecutionFieldsProps) {
  const valueOf = ({ name }: FieldSpec) => valueAt(draft, `execution.${name}`);
  const errorOf = ({ name }: FieldSpec) => errors[`execution.${name}`];
  const shown = fields.filter((spec) => spec.name !== "batch_size" || valueAt(draft, "execution.mode") === "batched" || errorOf(spec) !== undefined);
  const change = (name: string, value: unknown) => {
    const changed = withValue(draft, `execution.${name}`, value);
    onChange(name === "mode" && value !== "batched" ? withValue(changed, "execution.batch_size", undefined) : changed);
  };
  return (
    <FoldedFields title="Execution" wrong={fields.some((spec) => errorOf(spec) !== undefined)} count={shown.length} changed={countChanged(shown, valueOf)}>
      {shown.map((spec) => (
        <Control key={spec.name} spec={spec} path={`execution.${spec.name}`} value={valueOf(spec)} error={errorOf(spec)} onChange={(value) => change(spec.name, value)} />
      ))}
    </FoldedFields>
  );
}

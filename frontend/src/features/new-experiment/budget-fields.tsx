"use client";

import { Control } from "./control";
import { type Draft, valueAt, withLimit } from "./draft";
import { FoldedFields } from "./folded-fields";
import { countChanged } from "./groups";
import type { FieldSpec } from "./schema";

interface BudgetFieldsProps {
  /** Of the API's schema. */
  fields: readonly FieldSpec[];
  draft: Draft;
  errors: Record<string, string>;
  onChange: (draft: Draft) => void;
}

/** What the calls may take, at most. */
export function BudgetFields({ fields, draft, errors, onChange }: BudgetFieldsProps) {
  const valueOf = ({ name }: FieldSpec) => valueAt(draft, `budget.${name}`);
  const errorOf = ({ name }: FieldSpec) => errors[`budget.${name}`];
  return (
    <FoldedFields title="Budget" wrong={fields.some((spec) => errorOf(spec) !== undefined)} count={fields.length} changed={countChanged(fields, valueOf)}>
      {fields.map((spec) => (
        <Control key={spec.name} spec={spec} path={`budget.${spec.name}`} value={valueOf(spec)} error={errorOf(spec)} onChange={(value) => onChange(withLimit(draft, spec.name, value))} />
      ))}
    </FoldedFields>
  );
}

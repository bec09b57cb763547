"use client";

import { Panel } from "@/components/ui/panel";

import { BudgetFields } from "./budget-fields";
import { Control } from "./control";
import { type Draft, suggestedName, valueAt, withValue } from "./draft";
import { ExecutionFields } from "./execution-fields";
import { FaithfulnessField } from "./faithfulness-field";
import { FoldedFields } from "./folded-fields";
import { countChanged, hasRetrieval } from "./groups";
import { MethodBlock } from "./method-block";
import { ModelField } from "./model-field";
import { definitionsOf, type FieldSpec, fieldsOf, objectFieldsOf, propertyOf, variantsOf } from "./schema";
import { DatasetField } from "./version-fields";

/** Fields with a control of their own. All others are advanced settings, but for nested ones, which the YAML has. */
const OWN_CONTROL = ["name", "description", "model", "method", "dataset", "params", "seed", "repeats", "faithfulness", "execution", "budget"];

interface FormProps {
  document: unknown;
  draft: Draft;
  errors: Record<string, string>;
  onChange: (draft: Draft) => void;
}

/** A form generated from the API's schema: new fields and methods appear without a change here. */
export function Form({ document, draft, errors, onChange }: FormProps) {
  const definitions = definitionsOf(document);
  const config = definitions.ExperimentConfig ?? {};
  const top = fieldsOf(config, definitions);
  const methods = variantsOf(propertyOf(config, "method", definitions), definitions);
  const method = methods.find(({ name }) => name === valueAt(draft, "method.name"));
  const retrieves = hasRetrieval(method?.fields ?? [], ({ name }) => valueAt(draft, `method.${name}`));
  const set = (path: string, value: unknown) => onChange(withValue(draft, path, value));
  const control = (spec: FieldSpec, prefix = "", label?: string) => {
    const path = prefix + spec.name;
    return (
      <Control
        key={path}
        spec={spec}
        path={path}
        label={label}
        value={valueAt(draft, path)}
        error={errors[path]}
        onChange={(value) => set(path, value)}
      />
    );
  };
  const named = (name: string) => top.find((spec) => spec.name === name);
  const nameSpec = named("name");
  const count = fieldsOf(propertyOf(config, "dataset", definitions), definitions).find(({ name }) => name === "n");
  const params = fieldsOf(propertyOf(config, "params", definitions), definitions);
  const advanced = [
    ...["description", "seed", "repeats"].flatMap((name) => named(name) ?? []).map((spec) => ({ spec: spec.name === "description" ? { ...spec, kind: "text" as const } : spec, prefix: "" })),
    ...params.map((spec) => ({ spec, prefix: "params." })),
    ...top.filter(({ name, kind }) => !OWN_CONTROL.includes(name) && kind !== "other").map((spec) => ({ spec, prefix: "" })),
  ];
  // Every experiment has a seed of its own choice.
  const changed = advanced.filter(({ spec, prefix }) => spec.name !== "seed" && countChanged([spec], () => valueAt(draft, prefix + spec.name)) > 0).length;
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <Block title="Questions">
        <DatasetField
          name={String(valueAt(draft, "dataset.name") ?? "")}
          version={String(valueAt(draft, "dataset.version") ?? "")}
          errors={{ name: errors["dataset.name"], version: errors["dataset.version"] }}
          onName={(name) => onChange(withValue(withValue(draft, "dataset.version", undefined), "dataset.name", name))}
          onVersion={(version) => set("dataset.version", version)}
        />
        {count && control(count, "dataset.", "Number of questions")}
      </Block>
      <Block title="Model">
        <ModelField value={String(draft.model ?? "")} error={errors.model} onChange={(model) => set("model", model)} />
      </Block>
      <Block title="Method">
        <MethodBlock methods={methods} draft={draft} errors={errors} onChange={onChange} control={(spec) => control(spec, "method.")} />
        {(retrieves || valueAt(draft, "faithfulness") != null) && (
          <FaithfulnessField
            value={valueAt(draft, "faithfulness")}
            model={valueAt(draft, "faithfulness.model")}
            spec={objectFieldsOf(config, "faithfulness", definitions).find(({ name }) => name === "model")}
            errors={{ judge: errors.faithfulness ?? errors["faithfulness.judge"], model: errors["faithfulness.model"] }}
            onJudge={(value) => set("faithfulness", value)}
            onModel={(model) => set("faithfulness.model", model)}
          />
        )}
      </Block>
      <Block title="Name and settings">
        {nameSpec && control({ ...nameSpec, optional: true, default: suggestedName(draft), description: "Derived from the choices above if left empty." })}
        <FoldedFields
          title="Advanced settings"
          wrong={advanced.some(({ spec, prefix }) => errors[prefix + spec.name] !== undefined)}
          count={advanced.length}
          changed={changed}
        >
          {advanced.map(({ spec, prefix }) => control(spec.name === "seed" ? { ...spec, description: spec.description || "Seed of the sample and of the model." } : spec, prefix))}
        </FoldedFields>
        <BudgetFields fields={objectFieldsOf(config, "budget", definitions)} draft={draft} errors={errors} onChange={onChange} />
        <ExecutionFields fields={fieldsOf(propertyOf(config, "execution", definitions), definitions)} draft={draft} errors={errors} onChange={onChange} />
      </Block>
    </div>
  );
}

function Block({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <Panel title={title}>
      <div className="grid gap-4 sm:grid-cols-2">{children}</div>
    </Panel>
  );
}

"use client";

import { Panel } from "@/components/ui/panel";

import { Control } from "./control";
import { type Draft, suggestedName, valueAt, withValue } from "./draft";
import { FaithfulnessField } from "./faithfulness-field";
import { hasRetrieval } from "./groups";
import { MethodBlock } from "./method-block";
import { ModelField } from "./model-field";
import { definitionsOf, type FieldSpec, fieldsOf, objectFieldsOf, propertyOf, variantsOf } from "./schema";
import { DatasetField } from "./version-fields";

/** Fields with a control of their own. All others are in the block "Execution", but for nested ones, which the YAML has. */
const OWN_CONTROL = ["name", "description", "model", "method", "dataset", "params", "seed", "repeats", "faithfulness"];

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
  const [seed, repeats, description] = [named("seed"), named("repeats"), named("description")];
  return (
    <div className="flex min-w-0 flex-col gap-5">
      <Block title="Questions">
        {nameSpec && control({ ...nameSpec, optional: true, default: suggestedName(draft), description: "Derived from the choices below if left empty." })}
        {description && control({ ...description, kind: "text" })}
        <DatasetField
          name={String(valueAt(draft, "dataset.name") ?? "")}
          version={String(valueAt(draft, "dataset.version") ?? "")}
          errors={{ name: errors["dataset.name"], version: errors["dataset.version"] }}
          onName={(name) => onChange(withValue(withValue(draft, "dataset.version", undefined), "dataset.name", name))}
          onVersion={(version) => set("dataset.version", version)}
        />
        {count && control(count, "dataset.", "Number of questions")}
        {seed && control({ ...seed, description: seed.description || "Seed of the sample and of the model." })}
        {repeats && control(repeats)}
      </Block>
      <Block title="Model">
        <ModelField value={String(draft.model ?? "")} error={errors.model} onChange={(model) => set("model", model)} />
        {fieldsOf(propertyOf(config, "params", definitions), definitions).map((spec) => control(spec, "params."))}
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
      <Block title="Execution">
        {top.filter(({ name, kind }) => !OWN_CONTROL.includes(name) && kind !== "other").map((spec) => control(spec))}
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

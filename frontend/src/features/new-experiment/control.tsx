"use client";

import { Checkbox } from "@/components/ui/checkbox";
import { describedBy, Field, FieldSet, Input, Select, Textarea } from "@/components/ui/field";
import { formatName } from "@/lib/format";

import { numberOf } from "./draft";
import type { FieldSpec } from "./schema";

interface ControlProps {
  spec: FieldSpec;
  /** Path in the configuration; errors of the API use the same path. */
  path: string;
  value: unknown;
  error: string | undefined;
  onChange: (value: unknown) => void;
  label?: string;
}

/** The control for one field of the API's schema. */
export function Control({ spec, path, value, error, onChange, label = formatName(spec.name) }: ControlProps) {
  const id = `field-${path}`;
  if (spec.kind === "boolean") {
    return (
      <div className="flex items-center gap-2 self-end pb-2">
        <Checkbox id={id} checked={(value ?? spec.default) === true} onCheckedChange={(on) => onChange(on === true)} />
        <label htmlFor={id} className="text-xs">
          <span className="font-medium text-ink">{label}.</span> {spec.description}
        </label>
      </div>
    );
  }
  if (spec.kind === "choices") return <Choices spec={spec} id={id} label={label} value={value} error={error} onChange={onChange} />;
  const wide = spec.kind === "long";
  return (
    <Field label={label} htmlFor={id} error={error} hint={spec.description} className={wide ? "sm:col-span-full" : undefined}>
      <Entry spec={spec} value={value} onChange={onChange} {...describedBy(id, error, spec.description)} />
    </Field>
  );
}

type EntryProps = Pick<ControlProps, "spec" | "value" | "onChange"> & ReturnType<typeof describedBy>;

function Entry({ spec, value, onChange, ...aria }: EntryProps) {
  const empty = spec.optional ? undefined : "";
  const text = (entered: string) => onChange(entered === "" ? empty : entered);
  switch (spec.kind) {
    case "long":
      return (
        <Textarea
          {...aria}
          rows={3}
          className="font-mono text-xs"
          placeholder={shownDefault(spec)}
          value={String(value ?? "")}
          onChange={(event) => text(event.target.value)}
        />
      );
    case "choice":
      return (
        <Select {...aria} value={String(value ?? spec.default ?? "")} onChange={(event) => text(event.target.value)}>
          {spec.options.map((option) => (
            <option key={option}>{option}</option>
          ))}
        </Select>
      );
    case "list":
      return (
        <Textarea
          {...aria}
          rows={2}
          className="font-mono text-xs"
          placeholder="one per line"
          value={Array.isArray(value) ? value.join("\n") : ""}
          onChange={(event) => onChange(event.target.value === "" ? undefined : event.target.value.split("\n"))}
        />
      );
    case "integer":
    case "number":
      return (
        <Input
          {...aria}
          type="number"
          inputMode={spec.kind === "integer" ? "numeric" : "decimal"}
          step={spec.kind === "integer" ? 1 : "any"}
          min={spec.min}
          max={spec.max}
          placeholder={shownDefault(spec)}
          value={typeof value === "number" || typeof value === "string" ? value : ""}
          onChange={(event) => onChange(numberOf(event.target.value))}
        />
      );
    default:
      return <Input {...aria} placeholder={shownDefault(spec)} value={String(value ?? "")} onChange={(event) => text(event.target.value)} />;
  }
}

interface ChoicesProps extends Omit<ControlProps, "path" | "label"> {
  id: string;
  label: string;
}

/** A group of checkboxes; the minimum number stays checked. */
function Choices({ spec, id, label, value, error, onChange }: ChoicesProps) {
  const chosen: unknown[] = Array.isArray(value) ? value : Array.isArray(spec.default) ? spec.default : [];
  // Values from a file that are not among the options are listed, so that they can be removed.
  const options = [...spec.options, ...chosen.map(String).filter((one) => !spec.options.includes(one))];
  const atMinimum = chosen.length <= (spec.min ?? 0);
  const hint = spec.min ? `${spec.description} At least ${spec.min}.` : spec.description;
  return (
    <FieldSet label={label} id={id} error={error} hint={hint} className="sm:col-span-full">
      {options.map((option) => {
        const on = chosen.includes(option);
        return (
          <label key={option} className="flex items-center gap-2">
            <Checkbox
              checked={on}
              disabled={on && atMinimum}
              onCheckedChange={(next) => onChange(options.filter((one) => (one === option ? next === true : chosen.includes(one))))}
            />
            <span className="[overflow-wrap:anywhere] text-ink">{formatName(option)}</span>
          </label>
        );
      })}
    </FieldSet>
  );
}

function shownDefault({ default: value, optional }: FieldSpec): string | undefined {
  if (value === undefined || value === null || value === "") return optional ? "none" : undefined;
  return String(value);
}

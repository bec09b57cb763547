/** Reads the fields of a form from the API's JSON schema. */

import { isRecord } from "@/lib/json";

interface JsonSchema {
  $ref?: string;
  type?: string;
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  description?: string;
  title?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  maxLength?: number;
  minItems?: number;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
}

type Definitions = Record<string, JsonSchema>;

type FieldKind = "text" | "long" | "integer" | "number" | "boolean" | "choice" | "choices" | "list" | "other";

export interface FieldSpec {
  name: string;
  kind: FieldKind;
  /** May be left empty. */
  optional: boolean;
  description: string;
  default: unknown;
  /** Of a number, or of the number of choices. */
  min: number | undefined;
  max: number | undefined;
  /** To choose one (`choice`) or several (`choices`) from. */
  options: string[];
}

export interface Variant {
  name: string;
  description: string;
  fields: FieldSpec[];
}

const LONG = 5_000;

/** The schemas of an OpenAPI document. */
export function definitionsOf(document: unknown): Definitions {
  const components = isRecord(document) ? document.components : undefined;
  const schemas = isRecord(components) ? components.schemas : undefined;
  return isRecord(schemas) ? (schemas as Definitions) : {};
}

function resolved(schema: JsonSchema, definitions: Definitions): JsonSchema {
  if (!schema.$ref) return schema;
  const target = definitions[schema.$ref.split("/").at(-1) ?? ""];
  return target ? { ...resolved(target, definitions), ...("default" in schema ? { default: schema.default } : {}) } : schema;
}

function kindOf(schema: JsonSchema): FieldKind {
  if (schema.enum) return "choice";
  if (schema.type === "string") return (schema.maxLength ?? 0) >= LONG ? "long" : "text";
  if (schema.type === "integer" || schema.type === "number" || schema.type === "boolean") return schema.type;
  if (schema.type === "array" && schema.items?.enum) return "choices";
  if (schema.type === "array" && schema.items?.type === "string") return "list";
  return "other";
}

function fieldOf(name: string, schema: JsonSchema, required: boolean, definitions: Definitions): FieldSpec {
  const whole = resolved(schema, definitions);
  const alternatives = (whole.anyOf ?? []).map((one) => resolved(one, definitions));
  const nullable = alternatives.some(({ type }) => type === "null");
  const inner = nullable ? (alternatives.find(({ type }) => type !== "null") ?? whole) : whole;
  return {
    name,
    kind: kindOf(inner),
    optional: nullable || !required,
    description: whole.description ?? "",
    default: whole.default,
    min: inner.minimum ?? inner.exclusiveMinimum ?? inner.minItems,
    max: inner.maximum,
    options: (inner.enum ?? inner.items?.enum ?? []).map(String),
  };
}

/** The fields of an object schema, in the schema's order, without discriminators (`const`). */
export function fieldsOf(schema: JsonSchema, definitions: Definitions): FieldSpec[] {
  const whole = resolved(schema, definitions);
  return Object.entries(whole.properties ?? {})
    .filter(([, property]) => !("const" in property))
    .map(([name, property]) => fieldOf(name, property, whole.required?.includes(name) ?? false, definitions));
}

/** The object schema of the property `name` of `schema`. */
export function propertyOf(schema: JsonSchema, name: string, definitions: Definitions): JsonSchema {
  return resolved(resolved(schema, definitions).properties?.[name] ?? {}, definitions);
}

/** The fields of the property `name`, an object that may be nullable. */
export function objectFieldsOf(schema: JsonSchema, name: string, definitions: Definitions): FieldSpec[] {
  const property = propertyOf(schema, name, definitions);
  const object = property.anyOf?.map((one) => resolved(one, definitions)).find(({ type }) => type !== "null") ?? property;
  return fieldsOf(object, definitions);
}

/** The members of a union of objects with a discriminator `name`; a single object is a union of one. */
export function variantsOf(schema: JsonSchema, definitions: Definitions): Variant[] {
  const whole = resolved(schema, definitions);
  const members = whole.oneOf ?? whole.anyOf ?? [whole];
  return members.map((member) => {
    const one = resolved(member, definitions);
    return {
      name: String(one.properties?.name?.const ?? one.title ?? ""),
      description: one.description ?? "",
      fields: fieldsOf(one, definitions),
    };
  });
}

/** The paths with a control in the form; errors at other paths are shown elsewhere. */
export function formPaths(document: unknown): Set<string> {
  const definitions = definitionsOf(document);
  const config = definitions.ExperimentConfig ?? {};
  const paths = new Set(["method", "method.name", "faithfulness"]);
  for (const { name, kind } of fieldsOf(config, definitions)) if (kind !== "other") paths.add(name);
  for (const part of ["dataset", "params", "faithfulness", "execution", "budget"]) {
    for (const { name } of objectFieldsOf(config, part, definitions)) paths.add(`${part}.${name}`);
  }
  for (const { fields } of variantsOf(propertyOf(config, "method", definitions), definitions)) {
    for (const { name } of fields) paths.add(`method.${name}`);
  }
  return paths;
}

import type { Schemas } from "@/lib/api/client";
import { formatCount } from "@/lib/format";
import type { VersionGroup } from "@/lib/versions";

export type Version = Schemas["DatasetOut"];
export type DatasetGroup = VersionGroup<Version>;
export type Example = Schemas["ExampleOut"];

export function datasetHref(name: string): string {
  return `/datasets/?${new URLSearchParams({ name })}`;
}

/** The address of a new experiment; a version is named only where it is not the newest. */
export function newExperimentHref(group: DatasetGroup, chosen: Version): string {
  const query = new URLSearchParams({ dataset: group.name });
  if (chosen.version !== group.newest.version) query.set("version", chosen.version);
  return `/experiments/new/?${query}`;
}

const SHORT = 40;

/** Metadata in a few words each, for a cell of a table; what is long or nested is only counted. */
export function metadataPairs(metadata: Example["metadata"]): [name: string, value: string][] {
  return Object.entries(metadata).map(([name, value]) => [name, inShort(value)]);
}

function inShort(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (Array.isArray(value)) return value.length === 1 ? "1 item" : `${formatCount(value.length)} items`;
  if (typeof value === "object") return "{…}";
  const text = String(value).replace(/\s+/g, " ").trim();
  return text.length > SHORT ? `${text.slice(0, SHORT).trimEnd()}…` : text;
}

import type { Schemas } from "@/lib/api/client";
import { formatCount } from "@/lib/format";
import type { VersionGroup } from "@/lib/versions";

export type Version = Schemas["DatasetOut"];
export type DatasetGroup = VersionGroup<Version>;
export type Example = Schemas["ExampleOut"];

export function datasetHref(name: string): string {
  return `/datasets/?${new URLSearchParams({ name })}`;
}

/** The address of a new experiment with this dataset; the version is left out if it is the newest. */
export function newExperimentHref(group: DatasetGroup, chosen: Version): string {
  const query = new URLSearchParams({ dataset: group.name });
  if (chosen.version !== group.newest.version) query.set("version", chosen.version);
  return `/experiments/new/?${query}`;
}

const MAX_LENGTH = 40;

/** Metadata for a table cell: long text is cut, nested values are counted. */
export function metadataPairs(metadata: Example["metadata"]): [name: string, value: string][] {
  return Object.entries(metadata).map(([name, value]) => [name, shortened(value)]);
}

function shortened(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (Array.isArray(value)) return value.length === 1 ? "1 item" : `${formatCount(value.length)} items`;
  if (typeof value === "object") return "{…}";
  const text = String(value).replace(/\s+/g, " ").trim();
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH).trimEnd()}…` : text;
}

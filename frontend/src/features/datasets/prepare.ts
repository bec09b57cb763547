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

/** The address of the list of runs, or of the comparison, that a dataset was selected from, with the same filters. */
export function originHref({ kind, experiments, filters }: Schemas["DatasetOriginOut"]): string {
  const ids = experiments.map(({ id }) => id);
  const text = (name: string) => (typeof filters[name] === "string" ? filters[name] : "");
  if (kind === "comparison") return `/compare/?${new URLSearchParams({ ids: ids.join(","), score: text("score"), outcome: text("outcome") })}`;
  const query = new URLSearchParams({ id: ids[0] ?? "" });
  for (const [name, parameter] of RUN_FILTERS) {
    const value: unknown = filters[name];
    const first: unknown = Array.isArray(value) ? value[0] : value;
    if (typeof first === "string" || typeof first === "number") query.set(parameter, String(first));
  }
  return `/experiments/view/?${query}`;
}

/** The API's names of filters of runs, and those in the address of the list of runs. */
const RUN_FILTERS = [
  ["filter", "filter"],
  ["score", "score"],
  ["text", "q"],
  ["failure_kind", "kind"],
  ["attribution", "attribution"],
  ["slice", "slice"],
  ["score_from", "scoreFrom"],
  ["score_to", "scoreTo"],
  ["latency_from_ms", "msFrom"],
  ["latency_to_ms", "msTo"],
  ["tokens_from", "tokensFrom"],
  ["tokens_to", "tokensTo"],
] as const;

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

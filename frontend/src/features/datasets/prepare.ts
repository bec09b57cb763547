import type { Schemas } from "@/lib/api/client";
import { formatCount } from "@/lib/format";

export type Version = Schemas["DatasetOut"];
export type Example = Schemas["ExampleOut"];

/** A dataset by its name, with all its versions. */
export interface DatasetGroup {
  name: string;
  newest: Version;
  /** The newest first. */
  versions: Version[];
}

/** Joins the versions of each name; names in alphabetical order. */
export function groupVersions(versions: readonly Version[]): DatasetGroup[] {
  const byName = new Map<string, [Version, ...Version[]]>();
  const newestFirst = [...versions].sort((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at));
  for (const version of newestFirst) {
    const group = byName.get(version.name);
    if (group) group.push(version);
    else byName.set(version.name, [version]);
  }
  return [...byName]
    .map(([name, group]) => ({ name, newest: group[0], versions: group }))
    .sort((a, b) => a.name.localeCompare(b.name, "en"));
}

/** The version that an address names (by hash, or the beginning of one); the newest if it names none. */
export function chooseVersion(group: DatasetGroup, version: string): Version | undefined {
  if (version === "") return group.newest;
  return group.versions.find((each) => each.version.startsWith(version));
}

/** The address of a new experiment; a version is named only where it is not the newest. */
export function newExperimentHref(group: DatasetGroup, chosen: Version): string {
  const query = new URLSearchParams({ dataset: group.name });
  if (chosen.version !== group.newest.version) query.set("version", chosen.version);
  return `/experiments/new/?${query}`;
}

interface LineProblem {
  line: string;
  message: string;
}

/** What a refused upload says, parted by where it is to be shown. */
export interface UploadProblems {
  /** Problems of form fields that exist, by name. */
  fields: Partial<Record<"name" | "file" | "scoring", string>>;
  /** Problems of the file's lines, in the order they came; at most `cap`. */
  lines: LineProblem[];
  /** How many lines more. */
  more: number;
}

const FORM_FIELDS = ["name", "file", "scoring"] as const;

/** Parts the problems of a refused upload; anything with an unknown place is listed with the lines. */
export function sortProblems(problems: Record<string, string>, cap = 50): UploadProblems {
  const fields: UploadProblems["fields"] = {};
  const lines: LineProblem[] = [];
  for (const [place, message] of Object.entries(problems)) {
    const field = FORM_FIELDS.find((name) => place === name || place === `body.${name}`);
    if (field) fields[field] = sentence(message);
    else lines.push({ line: place.replace(/^line /, ""), message });
  }
  return { fields, lines: lines.slice(0, cap), more: Math.max(0, lines.length - cap) };
}

/** A message as a line of its own: `must end in .jsonl` becomes `Must end in .jsonl.` */
function sentence(message: string): string {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

const NAME = /^[a-z0-9][a-z0-9_.-]{0,99}$/;

/** What is wrong with a form before it is sent; the same rules as the server's. */
export function checkUpload(name: string, file: File | null): UploadProblems["fields"] {
  const problems: UploadProblems["fields"] = {};
  if (name === "") problems.name = "Give it a name.";
  else if (!NAME.test(name)) {
    problems.name = "Use lower-case letters, digits, and . _ - (100 at most), beginning with a letter or digit.";
  }
  if (!file) problems.file = "Choose a file.";
  else if (!/\.(jsonl|ndjson|csv)$/i.test(file.name)) problems.file = "Must be a .jsonl or .csv file.";
  return problems;
}

/** A dataset's name made of a file's: `My Questions (2).jsonl` becomes `my_questions_2`. */
export function nameOfFile(filename: string): string {
  return filename
    .toLowerCase()
    .replace(/\.[a-z0-9]+$/, "")
    .replace(/[^a-z0-9.-]+/g, "_")
    .replace(/^[^a-z0-9]+|[_.-]+$/g, "")
    .slice(0, 100);
}

/** A file's size: `512 B`, `218 kB`, `3.1 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 999_500) return `${Math.round(bytes / 1000)} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
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

import { ApiError } from "./api/errors";

interface LineProblem {
  line: string;
  message: string;
}

/** The problems of a rejected upload, by where they are shown. */
export interface UploadProblems {
  /** Problems of the form, by field. */
  fields: Partial<Record<string, string>>;
  /** Problems of lines of the file, in the server's order; at most `cap`. */
  lines: LineProblem[];
  /** Number of further lines. */
  more: number;
}

/** Sorts the problems of a rejected upload into those of known fields and those of lines; unknown fields are listed with the lines. */
export function sortProblems(problems: Record<string, string>, known: readonly string[], cap = 50): UploadProblems {
  const fields: UploadProblems["fields"] = {};
  const lines: LineProblem[] = [];
  for (const [place, message] of Object.entries(problems)) {
    const field = known.find((name) => place === name || place === `body.${name}`);
    if (field) fields[field] = sentence(message);
    else lines.push({ line: place.replace(/^line /, ""), message });
  }
  return { fields, lines: lines.slice(0, cap), more: Math.max(0, lines.length - cap) };
}

/** A message as a sentence: `must end in .jsonl` becomes `Must end in .jsonl.` */
function sentence(message: string): string {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

const NAME = /^[a-z0-9][a-z0-9_.-]{0,99}$/;

/** What is wrong with a name, by the server's rule; undefined if nothing is. */
export function checkName(name: string): string | undefined {
  if (name === "") return "Enter a name.";
  if (NAME.test(name)) return undefined;
  return "Use lower-case letters, digits, and . _ - (100 at most), beginning with a letter or digit.";
}

/** What is wrong with an upload, by the server's rules; empty if nothing is. */
export function checkUpload(name: string, files: readonly File[], endings: readonly string[]): { name?: string; files?: string } {
  const problems: ReturnType<typeof checkUpload> = {};
  const wrongName = checkName(name);
  if (wrongName) problems.name = wrongName;
  const unknown = files.find((file) => !endings.some((ending) => file.name.toLowerCase().endsWith(ending)));
  if (files.length === 0) problems.files = "Choose a file.";
  else if (unknown) problems.files = `${unknown.name}: must be one of ${endings.join(", ")}.`;
  return problems;
}

/** A name derived from the name of a file: `My Questions (2).jsonl` becomes `my_questions_2`. */
export function nameOfFile(filename: string): string {
  return filename
    .toLowerCase()
    .replace(/\.[a-z0-9]+$/, "")
    .replace(/[^a-z0-9.-]+/g, "_")
    .replace(/^[^a-z0-9]+|[_.-]+$/g, "")
    .slice(0, 100);
}

/** A size: `512 B`, `218 kB`, `3.1 MB`, `1.2 GB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 999_500) return `${Math.round(bytes / 1000)} kB`;
  if (bytes < 999_950_000) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

export const START = 500_000;

/** The first part of a text file, which is enough to tell its columns; the whole of any other. */
export function startOf(file: File): Blob {
  return /\.(jsonl|ndjson|csv|tsv)$/i.test(file.name) ? file.slice(0, START) : file;
}

/** Reads a file before it is sent: if it was changed after it was chosen, the request would fail without saying why. */
export async function contentOf(file: File, field: string): Promise<Blob> {
  try {
    return new Blob([await file.arrayBuffer()], { type: file.type });
  } catch {
    throw new ApiError(422, {
      code: "unreadable_file",
      message: `${file.name} cannot be read.`,
      errors: [{ field, message: "was changed or moved after it was chosen: choose it again" }],
    });
  }
}

import { ApiError } from "./api/errors";

interface LineProblem {
  line: string;
  message: string;
}

/** What a refused upload says, parted by where it is to be shown. */
export interface UploadProblems {
  /** Problems of form fields that exist, by name. */
  fields: Partial<Record<string, string>>;
  /** Problems of the file's lines, in the order they came; at most `cap`. */
  lines: LineProblem[];
  /** How many lines more. */
  more: number;
}

/** Parts the problems of a refused upload; anything with an unknown place is listed with the lines. */
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

/** A message as a line of its own: `must end in .jsonl` becomes `Must end in .jsonl.` */
function sentence(message: string): string {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

const NAME = /^[a-z0-9][a-z0-9_.-]{0,99}$/;

/** What is wrong with a name before it is sent; the same rule as the server's. */
export function checkName(name: string): string | undefined {
  if (name === "") return "Give it a name.";
  if (NAME.test(name)) return undefined;
  return "Use lower-case letters, digits, and . _ - (100 at most), beginning with a letter or digit.";
}

/** What is wrong with an upload before it is sent; the same rules as the server's. */
export function checkUpload(name: string, files: readonly File[], endings: readonly string[]): { name?: string; files?: string } {
  const problems: ReturnType<typeof checkUpload> = {};
  const wrongName = checkName(name);
  if (wrongName) problems.name = wrongName;
  const unknown = files.find((file) => !endings.some((ending) => file.name.toLowerCase().endsWith(ending)));
  if (files.length === 0) problems.files = "Choose a file.";
  else if (unknown) problems.files = `${unknown.name}: must be one of ${endings.join(", ")}.`;
  return problems;
}

/** A name made of a file's: `My Questions (2).jsonl` becomes `my_questions_2`. */
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

/** Reads a file before it is sent: one that was edited after it was chosen would break off the request instead. */
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

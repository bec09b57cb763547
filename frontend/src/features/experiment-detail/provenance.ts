import { isRecord } from "@/lib/json";

/** A fact of the provenance in words: `version 0.1.0, commit 1a2b3c, with changes`; nested facts in parentheses. */
export function provenanceText(key: string, value: unknown): string {
  if (key === "code" && isRecord(value)) {
    const { dirty, ...rest } = value;
    const changes = dirty === true ? "with changes that are not committed" : dirty === false ? "without changes" : "";
    return [inWords(rest), changes].filter(Boolean).join(", ");
  }
  return inWords(value);
}

function inWords(value: unknown): string {
  if (Array.isArray(value)) return value.map(inWords).join(", ");
  if (!isRecord(value)) return value === null ? "–" : String(value);
  return Object.entries(value)
    .filter(([, inner]) => inner !== null && inner !== "")
    .map(([name, inner]) => `${name.replaceAll("_", " ")} ${isRecord(inner) || Array.isArray(inner) ? `(${inWords(inner)})` : String(inner)}`)
    .join(", ");
}

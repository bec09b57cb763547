import { parse, stringify } from "yaml";

/** A configuration as a YAML file for `llmforge run`, without null and empty values. */
export function toYaml(config: unknown): string {
  return stringify(pruned(config), { lineWidth: 100 });
}

/**
 * Reads a YAML text.
 *
 * @throws Error, with the line number for invalid YAML, if the text is not a YAML mapping.
 */
export function fromYaml(text: string): Record<string, unknown> {
  const value: unknown = parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error("A configuration is a YAML mapping: lines of `name: value`.");
  }
  return value as Record<string, unknown>;
}

function pruned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pruned);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null && inner !== undefined && inner !== "" && !(Array.isArray(inner) && inner.length === 0))
      .map(([key, inner]) => [key, pruned(inner)]),
  );
}

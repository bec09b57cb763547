import type { ApiError } from "@/lib/api/errors";
import { isRecord } from "@/lib/json";

/** A configuration that may be incomplete or invalid; the server validates it. */
export type Draft = Record<string, unknown>;

/** The value at a path such as `dataset.name`. */
export function valueAt(draft: Draft, path: string): unknown {
  return path.split(".").reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), draft);
}

/** A copy of the draft with the value at `path` replaced; `undefined` removes it. */
export function withValue(draft: Draft, path: string, value: unknown): Draft {
  const [key, ...rest] = path.split(".");
  if (key === undefined) return draft;
  if (rest.length > 0) {
    const inner = draft[key];
    return { ...draft, [key]: withValue(isRecord(inner) ? inner : {}, rest.join("."), value) };
  }
  if (value === undefined) return Object.fromEntries(Object.entries(draft).filter(([name]) => name !== key));
  return { ...draft, [key]: value };
}

/** A copy of the draft with a limit of the budget replaced; a budget without limits is removed, since the server takes none. */
export function withLimit(draft: Draft, name: string, value: unknown): Draft {
  const changed = withValue(draft, `budget.${name}`, value);
  return isRecord(changed.budget) && Object.keys(changed.budget).length > 0 ? changed : withValue(changed, "budget", undefined);
}

/** The value of a number field: undefined if empty, a number, or the text itself, which the server rejects. */
export function numberOf(text: string): number | string | undefined {
  const trimmed = text.trim();
  if (trimmed === "") return undefined;
  const value = Number(trimmed);
  return Number.isFinite(value) ? value : text;
}

/** The errors of the server by field path (`dataset.n`), without the prefix `config`; errors of list items are those of the list. */
export function fieldErrors(error: ApiError | null): Record<string, string> {
  if (!error) return {};
  return Object.fromEntries(Object.entries(error.fields).map(([field, message]) => [field.replace(/^config\./, "").replace(/(\.\d+)+$/, ""), message]));
}

/** Errors of fields without a control, as lines of text. */
export function otherErrors(errors: Record<string, string>, shown: ReadonlySet<string>): string[] {
  return Object.entries(errors)
    .filter(([field]) => !shown.has(field))
    .map(([field, message]) => `${field}: ${message}`);
}

/** The name if none is given: `naive · smollm2-135m-instruct · trivia_qa`. */
export function suggestedName(draft: Draft): string {
  const model = String(draft.model ?? "").split("/").at(-1)?.split("?")[0];
  return [valueAt(draft, "method.name"), model, valueAt(draft, "dataset.name")].filter(Boolean).join(" · ");
}

/** The draft as it is sent: with a name. */
export function completed({ name, ...draft }: Draft): Draft {
  return { name: name === undefined || name === "" ? suggestedName(draft) : name, ...draft };
}

import { parseAsArrayOf, parseAsInteger, parseAsString, parseAsStringLiteral, type inferParserType } from "nuqs";

import type { ExperimentQuery } from "@/lib/api/queries";

export const PAGE_SIZE = 25;

export const statuses = ["PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"] as const;

/** What the address of the list holds: it can be shared, reloaded, and gone back to. */
export const listParams = {
  text: parseAsString.withDefault(""),
  status: parseAsArrayOf(parseAsStringLiteral(statuses)).withDefault([]),
  method: parseAsString.withDefault(""),
  model: parseAsString.withDefault(""),
  dataset: parseAsString.withDefault(""),
  sort: parseAsString.withDefault("-created_at"),
  page: parseAsInteger.withDefault(1),
};

export type ListState = inferParserType<typeof listParams>;

/** Returns the API's query for what the address says. */
export function listQuery(state: ListState): ExperimentQuery {
  return {
    text: state.text,
    status: state.status,
    method: state.method ? [state.method] : [],
    model: state.model ? [state.model] : [],
    dataset: state.dataset ? [state.dataset] : [],
    sort: state.sort,
    offset: (Math.max(1, state.page) - 1) * PAGE_SIZE,
    limit: PAGE_SIZE,
  };
}

/** Whether anything narrows the list. */
export function isFiltered(state: ListState): boolean {
  return Boolean(state.text || state.status.length || state.method || state.model || state.dataset);
}

/** "26–50 of 61", or nothing when there is nothing. */
export function pageRange(page: number, shown: number, total: number): string {
  if (total === 0 || shown === 0) return "";
  const first = (page - 1) * PAGE_SIZE + 1;
  return `${first}–${first + shown - 1} of ${total}`;
}

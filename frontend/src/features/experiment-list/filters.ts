import { createSerializer, parseAsArrayOf, parseAsInteger, parseAsString, parseAsStringLiteral, type inferParserType } from "nuqs";

import type { ExperimentQuery } from "@/lib/api/queries";
import { PRIMARY_SCORE } from "@/lib/metrics";

import { columnChoices, defaultColumns } from "./columns";

export const PAGE_SIZE = 25;

const statuses = ["PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"] as const;

/** The statuses that the list can be filtered by, with their labels. */
export const statusFilters: readonly { status: (typeof statuses)[number]; label: string }[] = [
  { status: "PENDING", label: "Not started, queued" },
  { status: "RUNNING", label: "Running" },
  { status: "COMPLETED", label: "Completed" },
  { status: "FAILED", label: "Failed" },
  { status: "CANCELLED", label: "Cancelled" },
];

const archives = ["exclude", "include", "only"] as const;

/** The state of the list in the address, so that it can be shared, reloaded, and gone back to. */
export const listParams = {
  text: parseAsString.withDefault(""),
  status: parseAsArrayOf(parseAsStringLiteral(statuses)).withDefault([]),
  method: parseAsString.withDefault(""),
  model: parseAsString.withDefault(""),
  dataset: parseAsString.withDefault(""),
  tag: parseAsArrayOf(parseAsString).withDefault([]),
  archived: parseAsStringLiteral(archives).withDefault("exclude"),
  sort: parseAsString.withDefault("-created_at"),
  score: parseAsString.withDefault(PRIMARY_SCORE),
  columns: parseAsArrayOf(parseAsStringLiteral(columnChoices.map(({ column }) => column))).withDefault([...defaultColumns]),
  page: parseAsInteger.withDefault(1),
};

export type ListState = inferParserType<typeof listParams>;

/** The API's query for the state of the list. */
export function listQuery(state: ListState): ExperimentQuery {
  return {
    text: state.text,
    status: state.status,
    method: state.method ? [state.method] : [],
    model: state.model ? [state.model] : [],
    dataset: state.dataset ? [state.dataset] : [],
    tag: state.tag,
    archived: state.archived,
    sort: state.sort,
    offset: (Math.max(1, state.page) - 1) * PAGE_SIZE,
    limit: PAGE_SIZE,
  };
}

const serialize = createSerializer(listParams);

/** The state without its page, as a saved view keeps it. */
export function viewQuery(state: ListState): string {
  return serialize({ ...state, page: null }).replace(/^\?/, "");
}

/** The view that shows what the list shows, if there is one. */
export function currentView<View extends { query: string }>(views: readonly View[], state: ListState): View | undefined {
  const shown = parts(viewQuery(state));
  return views.find(({ query }) => parts(query) === shown);
}

/** A query in a form of which two are equal if they say the same. */
function parts(query: string): string {
  const params = new URLSearchParams(query);
  params.sort();
  return params.toString();
}

/** Whether any filter is set. */
export function isFiltered(state: ListState): boolean {
  return Boolean(state.text || state.status.length || state.method || state.model || state.dataset || state.tag.length || state.archived !== "exclude");
}

/** `26–50 of 61`; empty without rows. */
export function pageRange(page: number, shown: number, total: number): string {
  if (total === 0 || shown === 0) return "";
  const first = (page - 1) * PAGE_SIZE + 1;
  return `${first}–${first + shown - 1} of ${total}`;
}

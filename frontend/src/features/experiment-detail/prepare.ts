import type { Schemas } from "@/lib/api/client";

export type RunState = "correct" | "partial" | "wrong" | "unscored" | "failed" | "missing";

export const runStates: readonly { state: RunState; label: string }[] = [
  { state: "correct", label: "Right" },
  { state: "partial", label: "Partly right" },
  { state: "wrong", label: "Wrong" },
  { state: "unscored", label: "Unscored" },
  { state: "failed", label: "Failed" },
  { state: "missing", label: "Not run" },
];

const letters: Record<string, RunState> = { c: "correct", p: "partial", w: "wrong", u: "unscored", f: "failed" };

export interface GridData {
  /** One per cell, in the order of the examples; planned runs that are not stored come last. */
  states: RunState[];
  runIds: number[];
  indexOf: ReadonlyMap<number, number>;
  counts: Record<RunState, number>;
  /** Stored runs that the response left out. */
  hidden: number;
}

/** The cells of the correctness grid. */
export function prepareGrid(map: Schemas["RunMap"], planned: number): GridData {
  const counts: Record<RunState, number> = { correct: 0, partial: 0, wrong: 0, unscored: 0, failed: 0, missing: 0 };
  const hidden = map.total - map.run_ids.length;
  const missing = hidden > 0 ? 0 : Math.max(0, planned - map.run_ids.length);
  const states = new Array<RunState>(map.run_ids.length + missing).fill("missing");
  for (let index = 0; index < map.run_ids.length; index++) states[index] = letters[map.states[index] ?? ""] ?? "unscored";
  for (const state of states) counts[state]++;
  return { states, runIds: map.run_ids, indexOf: new Map(map.run_ids.map((id, index) => [id, index])), counts, hidden };
}

/** The next stored run in one of `states` from `from` on, in steps of `step` (1 or −1); undefined at the end. */
export function nextIn(grid: GridData, from: number, step: 1 | -1, states: ReadonlySet<RunState>): number | undefined {
  for (let index = from + step; index >= 0 && index < grid.runIds.length; index += step) {
    const state = grid.states[index];
    if (state && states.has(state)) return index;
  }
  return undefined;
}

/** The states of runs that are not right. */
export const notRight: ReadonlySet<RunState> = new Set(["wrong", "partial", "failed"]);

/** The run that is shown before one is selected: the first that is not right, or else the first. */
export function firstToShow(grid: GridData): number | null {
  return grid.runIds[nextIn(grid, -1, 1, notRight) ?? 0] ?? null;
}

interface Failure {
  kind: string;
  count: number;
  share: number;
}

/** Failed runs by kind, the most frequent first. */
export function prepareFailures(counts: Schemas["Counts"]): Failure[] {
  return Object.entries(counts.failures)
    .map(([kind, count]) => ({ kind, count, share: count / Math.max(1, counts.stored) }))
    .sort((a, b) => b.count - a.count || a.kind.localeCompare(b.kind));
}

/** The preparation that is under way before the first run (such as building an index), as a sentence; empty if there is none. */
export function describePreparation(progress: Schemas["ProgressOut"] | null): string {
  const note = progress?.note ?? "";
  return note ? `${note.charAt(0).toUpperCase()}${note.slice(1)}.` : "";
}

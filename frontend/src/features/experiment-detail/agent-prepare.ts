import type { Schemas } from "@/lib/api/client";

import { outcomeNames, describeOutcome } from "./trace-prepare";

type Agent = Schemas["AgentStatistics"];

interface OutcomeRow {
  outcome: string;
  label: string;
  count: number;
  share: number;
}

/** Runs by agent outcome; outcomes that did not occur are left out. */
export function prepareOutcomes({ outcomes, runs }: Pick<Agent, "outcomes" | "runs">): OutcomeRow[] {
  const placeOf = (name: string) => (outcomeNames.includes(name) ? outcomeNames.indexOf(name) : outcomeNames.length);
  return Object.entries(outcomes)
    .filter(([, count]) => count > 0)
    .sort(([a], [b]) => placeOf(a) - placeOf(b))
    .map(([outcome, count]) => ({ outcome, label: describeOutcome(outcome).label, count, share: count / Math.max(1, runs) }));
}

export type Counts = Schemas["ToolUses"] & { total: number };

type ToolRow = Counts & { tool: string };

/** The calls of each tool by result, in the order of the API. */
export function prepareTools(tools: Agent["tools"]): ToolRow[] {
  return Object.entries(tools).map(([tool, uses]) => ({ tool, ...uses, total: uses.successful + uses.failed + uses.unneeded }));
}

/** The calls of all tools together. */
export function sumTools(rows: readonly ToolRow[]): Counts {
  const sum = (of: (row: ToolRow) => number) => rows.reduce((total, row) => total + of(row), 0);
  return { successful: sum((row) => row.successful), failed: sum((row) => row.failed), unneeded: sum((row) => row.unneeded), total: sum((row) => row.total) };
}

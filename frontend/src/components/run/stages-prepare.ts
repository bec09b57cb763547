import type { Schemas } from "@/lib/api/client";
import { formatDuration, formatPercent } from "@/lib/format";

export type StageProfile = Schemas["StageProfile"];
export type StageGroup = Schemas["StageStatistics"]["group"];

/** Groups of stages that share a colour, in the order in which they are shown. */
export type StageColour = "model" | "retrieval" | "tools" | "scoring" | "waiting" | "platform";

const colours: Record<StageColour, { label: string; fill: string; swatch: string }> = {
  retrieval: { label: "Retrieval", fill: "fill-data-3", swatch: "bg-data-3" },
  tools: { label: "Tools", fill: "fill-data-2", swatch: "bg-data-2" },
  model: { label: "Model", fill: "fill-data-1", swatch: "bg-data-1" },
  waiting: { label: "Failed attempts, waiting", fill: "fill-data-5", swatch: "bg-data-5" },
  scoring: { label: "Parsing, scoring, judging", fill: "fill-data-4", swatch: "bg-data-4" },
  platform: { label: "Prompt, cache, storing", fill: "fill-data-6", swatch: "bg-data-6" },
};

const order: StageColour[] = ["retrieval", "tools", "model", "waiting", "scoring", "platform"];
export const stageColours = order.map((name) => ({ name, ...colours[name] }));

const colourOf: Record<StageGroup, StageColour> = {
  model: "model",
  retrieval: "retrieval",
  tools: "tools",
  scoring: "scoring",
  waiting: "waiting",
  prompt: "platform",
  cache: "platform",
  storing: "platform",
  other: "platform",
};

/** The colour of a stage's group. */
export function stageColour(group: StageGroup) {
  return colours[colourOf[group]];
}

export interface StagePart {
  name: StageColour;
  label: string;
  fill: string;
  swatch: string;
  /** Mean milliseconds of a run. */
  ms: number;
}

/** A question's own time by colour: without waits for other questions; what takes no time is left out. */
export function stageParts({ stages }: { stages: Pick<Schemas["StageStatistics"], "group" | "waits" | "mean_ms">[] }): StagePart[] {
  return stageColours
    .map((colour) => {
      const own = stages.filter(({ group, waits }) => !waits && colourOf[group] === colour.name);
      return { ...colour, ms: own.reduce((sum, { mean_ms }) => sum + mean_ms, 0) };
    })
    .filter(({ ms }) => ms > 0);
}

export function totalOf(parts: { ms: number }[]): number {
  return parts.reduce((sum, { ms }) => sum + ms, 0);
}

/** The parts of a bar in words. */
export function describeParts(parts: StagePart[]): string {
  const total = totalOf(parts);
  if (total === 0) return "No time was measured.";
  const shares = parts.map(({ label, ms }) => `${label} ${formatPercent(ms / total)}`);
  return `Of ${formatDuration(total)} a question on average: ${shares.join("; ")}.`;
}

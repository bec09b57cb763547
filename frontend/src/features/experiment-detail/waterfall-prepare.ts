import { stageColour } from "@/components/run/stages-prepare";
import type { Schemas } from "@/lib/api/client";
import { formatDuration } from "@/lib/format";

type Stage = Schemas["StageOut"];

interface WaterfallRow {
  label: string;
  /** Class of the bar; empty for waits for other runs, which are outlined. */
  swatch: string;
  /** Where the bar begins and how wide it is, in per cent of the run's time. */
  left: number;
  width: number;
  time: string;
}

interface WaterfallStep {
  /** Number of the agent's step; `null`: of the run as a whole. */
  step: number | null;
  rows: WaterfallRow[];
}

export interface Waterfall {
  /** Milliseconds of all stages together. */
  total: number;
  steps: WaterfallStep[];
}

const HUNDRED = 100;

/** The stages of a run on its time line, by the steps of an agent; stages that took no measurable time are left out. */
export function prepareWaterfall(stages: Stage[]): Waterfall {
  const last = stages.at(-1);
  const total = last ? last.start_ms + last.ms : 0;
  const steps: WaterfallStep[] = [];
  for (const { label, group, waits, start_ms, ms, step } of stages) {
    if (ms === 0) continue;
    if (steps.at(-1)?.step !== step) steps.push({ step, rows: [] });
    steps.at(-1)?.rows.push({
      label,
      swatch: waits ? "" : stageColour(group).swatch,
      left: (HUNDRED * start_ms) / total,
      width: (HUNDRED * ms) / total,
      time: formatDuration(ms),
    });
  }
  return { total, steps };
}

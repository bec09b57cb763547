import { describe, expect, it } from "vitest";

import type { Schemas } from "@/lib/api/client";

import { prepareWaterfall } from "./waterfall-prepare";

type Stage = Schemas["StageOut"];

function stages(...parts: [string, Stage["group"], number, number | null, boolean?][]): Stage[] {
  let start_ms = 0;
  return parts.map(([name, group, ms, step, waits = false]) => {
    const stage = { name, label: name, group, waits, start_ms, ms, step };
    start_ms += ms;
    return stage;
  });
}

describe("prepareWaterfall", () => {
  it("puts stages on one time line", () => {
    const { total, steps } = prepareWaterfall(stages(["prompt", "prompt", 1, null], ["slot", "waiting", 29, null, true], ["call", "model", 170, null]));
    expect(total).toBe(200);
    expect(steps).toEqual([
      {
        step: null,
        rows: [
          { label: "prompt", swatch: "bg-data-6", left: 0, width: 0.5, time: "1 ms" },
          { label: "slot", swatch: "", left: 0.5, width: 14.5, time: "29 ms" },
          { label: "call", swatch: "bg-data-1", left: 15, width: 85, time: "170 ms" },
        ],
      },
    ]);
  });
  it("parts the steps of an agent", () => {
    const { steps } = prepareWaterfall(stages(["call", "model", 5, 0], ["tool:calculator", "tools", 1, 0], ["call", "model", 5, 1], ["scoring", "scoring", 1, null]));
    expect(steps.map(({ step, rows }) => [step, rows.length])).toEqual([
      [0, 2],
      [1, 1],
      [null, 1],
    ]);
  });
  it("leaves out what took no time", () => expect(prepareWaterfall(stages(["prompt", "prompt", 0, null], ["call", "model", 2, null])).steps[0]?.rows).toHaveLength(1));
  it("knows nothing of nothing", () => expect(prepareWaterfall([])).toEqual({ total: 0, steps: [] }));
});

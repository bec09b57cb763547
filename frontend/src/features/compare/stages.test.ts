import { describe, expect, it } from "vitest";

import type { Schemas } from "@/lib/api/client";

import { formatDifference, formatDifferenceInterval, prepareStageTable } from "./stages";

const experiments = [{ experiment_id: "a" }, { experiment_id: "b" }, { experiment_id: "c" }] as Schemas["Compared"][];
const difference: Schemas["StageDifference"] = {
  experiment_id: "b",
  stage: "call",
  n_paired: 20,
  baseline_ms: 100,
  this_ms: 1300,
  difference_ms: 1200,
  low: 1100,
  high: 1300,
  simultaneous_low: 1000,
  simultaneous_high: 1400,
  adjusted_p: 0.0004,
  outcome: "worse",
};

describe("prepareStageTable", () => {
  const comparison = { experiments } as Schemas["ComparisonOut"];
  const byStage: Schemas["StageComparisonOut"] = {
    baseline_id: "a",
    stages: [{ name: "call", label: "Model call", group: "model", waits: false }],
    differences: [difference],
    message: "",
  };
  it("has times, differences and intervals", () =>
    expect(prepareStageTable(comparison, byStage)).toEqual([
      {
        name: "call",
        label: "Model call",
        waits: false,
        cells: [
          { text: "100 ms", difference: "", interval: "", tone: "none" },
          { text: "1.3 s", difference: "+1.2 s", interval: "[+1 s, +1.4 s], p < .001", tone: "worse" },
          { text: "–", difference: "", interval: "", tone: "none" },
        ],
      },
    ]));
});

describe("formatDifferenceInterval", () => {
  it.each([
    [-1, 2, "[−1 ms, +2 ms]"],
    [1e-9, 5.9, "(±0 ms, +5.9 ms]"],
    [-3, -1e-9, "[−3 ms, ±0 ms)"],
    [0, 0, "[±0 ms, ±0 ms]"],
  ])("%d to %d", (low, high, text) => expect(formatDifferenceInterval(low, high)).toBe(text));
});

describe("formatDifference", () => {
  it.each([
    [0, "±0 ms"],
    [-12.34, "−12.3 ms"],
    [0.5, "+0.5 ms"],
  ])("%d", (ms, text) => expect(formatDifference(ms)).toBe(text));
});

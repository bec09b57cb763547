import { describe, expect, it } from "vitest";

import type { Schemas } from "@/lib/api/client";

import { letterOf, prepareMetrics, prepareOutcomes } from "./prepare";

function compared(id: string, accuracy: number, p50: number | null, failed: number): Schemas["Compared"] {
  const score = { value: accuracy, low: accuracy - 0.1, high: accuracy + 0.1, n: 100 };
  const plain = { row: "", short: "", unit: "", low: null, high: null, n: null };
  return {
    experiment_id: id,
    metrics: {
      counts: { failed, ok: 100 },
      scores: { f1: score, exact_match: score },
      latency_ms: { p50, p95: null },
      tokens: { prompt: 1000, completion: 500 },
      cost_usd: { per_1000_runs: null },
      figures: [
        { ...plain, ...score, name: "exact_match", label: "Exact match", group: "answer", format: "share", better: "higher" },
        { ...plain, ...score, name: "f1", label: "F1", group: "answer", format: "share", better: "higher" },
        { ...plain, name: "runs_failed", label: "Failed runs", group: "runs", row: "runs", format: "count", better: "lower", value: failed },
        { ...plain, name: "latency_p95_ms", label: "Latency p95", group: "speed", row: "latency", format: "milliseconds", better: "lower", value: null },
        { ...plain, name: "throughput_per_s", label: "Throughput", group: "speed", unit: "answers/s", format: "number", better: "higher", value: 4 },
      ],
    },
  } as unknown as Schemas["Compared"];
}

const pair = { experiment_id: "b", score: "exact_match", n_paired: 98, n_questions: 98, baseline: 0.51, this: 0.61, difference: 0.1, both: 50, only_this: 20, only_baseline: 10, neither: 18, statistics: { low: 0.02, high: 0.18, simultaneous_low: 0.01, simultaneous_high: 0.19, family: 2, adjusted_p: 0.031, outcome: "better" }, missing: null } as unknown as Schemas["ScoreDifference"];
const comparison = {
  baseline_id: "a",
  experiments: [compared("a", 0.5, 100, 0), compared("b", 0.6, 250, 3)],
  differences: [pair],
  amounts: [
    { experiment_id: "b", quantity: "latency_ms", n_paired: 98, baseline: 100, this: 250, difference: 150, low: 120, high: 180, ratio: 2.5, ratio_low: 2.1, ratio_high: 3, simultaneous_low: 110, simultaneous_high: 190, simultaneous_ratio_low: 2, simultaneous_ratio_high: 3.1, family: 2, p: 0, adjusted_p: 0, outcome: "worse" },
  ] satisfies Schemas["AmountDifference"][],
  same_answers: [],
  unpaired: [],
  settling: null, family: "score" as const, tied_for_best: {},
  warnings: [],
};

describe("prepareMetrics", () => {
  const rows = Object.fromEntries(prepareMetrics(comparison).map((row) => [row.name, row]));

  it("gives the difference of a score in points with its sign, and nothing for the baseline", () => {
    expect(rows["Exact match"]?.cells).toMatchObject([
      { text: "50.0 %", difference: "", tone: "none" },
      { text: "60.0 %", difference: "+10.0", interval: "[+1.0, +19.0], p = .031", tone: "better" },
    ]);
    expect(rows["Exact match"]?.cells[1]?.note).toContain("n = 100; 61.0 % on the pairs");
    expect(rows["Exact match"]?.basis).toContain("98 questions");
  });

  it("is empty where no difference is known", () => expect(rows.F1?.cells[1]).toMatchObject({ difference: "", tone: "none" }));

  it("counts slower as worse, with the ratio and its interval", () => {
    expect(rows["Mean latency"]?.cells).toMatchObject([
      { text: "100 ms", difference: "" },
      { text: "250 ms", difference: "2.5×", interval: "[2, 3.1], p < .001", tone: "worse" },
    ]);
  });

  it("shows a difference that is not significant as neither better nor worse", () => {
    const unsure = { ...pair, statistics: { ...pair.statistics, outcome: "not_distinguishable" } } as typeof pair;
    expect(prepareMetrics({ ...comparison, differences: [unsure] })[0]?.cells[1]).toMatchObject({ difference: "+10.0", tone: "not_distinguishable" });
  });

  it("has no colour without a test", () => expect(rows.Throughput?.cells[1]).toMatchObject({ difference: "1×", tone: "none" }));

  it("counts failures with their sign", () => expect(rows["Failed runs"]?.cells[1]).toMatchObject({ difference: "+3", tone: "worse" }));

  it("shows a dash for unknown values", () => expect(rows["Latency p95"]?.cells[1]).toMatchObject({ text: "–", difference: "", tone: "none" }));
});

describe("prepareOutcomes", () => {
  it("are the four cells of a pair", () => {
    expect(prepareOutcomes(pair, "A", "C").map(({ label, count }) => [label, count])).toEqual([
      ["Both right", 50],
      ["Only A right", 10],
      ["Only C right", 20],
      ["Both wrong", 18],
    ]);
  });
  it("are none for graded scores", () => expect(prepareOutcomes({ ...pair, both: null }, "A", "B")).toEqual([]));
});

it("has no ratio to 0", () => {
  const none = comparison.experiments.map((one) => ({ ...one, metrics: { ...one.metrics, figures: one.metrics.figures.map((figure) => ({ ...figure, value: 0 })) } }));
  const row = prepareMetrics({ ...comparison, experiments: none }).find(({ name }) => name.startsWith("Throughput"));
  expect(row?.cells[1]).toMatchObject({ text: "0 answers/s", difference: "" });
});
it("names experiments by letters", () => expect([letterOf(0), letterOf(2)]).toEqual(["A", "C"]));

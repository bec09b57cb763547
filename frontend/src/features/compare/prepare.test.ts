import { describe, expect, it } from "vitest";

import type { Schemas } from "@/lib/api/client";

import { formatRatio, letterOf, prepareMetrics, prepareOutcomes } from "./prepare";

function compared(id: string, accuracy: number, p50: number | null, failed: number): Schemas["Compared"] {
  const score = { value: accuracy, low: accuracy - 0.1, high: accuracy + 0.1, n: 100 };
  return {
    experiment_id: id,
    metrics: {
      counts: { failed, ok: 100 },
      scores: { f1: score, exact_match: score },
      latency_ms: { p50, p95: null },
      tokens: { prompt: 1000, completion: 500 },
      cost_usd: { per_1000_runs: null },
      throughput_per_s: 4,
    },
  } as unknown as Schemas["Compared"];
}

const pair = { experiment_id: "b", score: "exact_match", n_paired: 98, difference: 0.1, both: 50, only_this: 20, only_baseline: 10, neither: 18, statistics: null, missing: null };
const comparison = {
  baseline_id: "a",
  experiments: [compared("a", 0.5, 100, 0), compared("b", 0.6, 250, 3)],
  differences: [pair],
  amounts: [],
  unpaired: [],
  tied_for_best: {},
  warnings: [],
};

describe("prepareMetrics", () => {
  const rows = Object.fromEntries(prepareMetrics(comparison).map((row) => [row.name, row]));

  it("gives the difference of a score in points with its sign, and nothing for the baseline", () => {
    expect(rows["Exact match"]?.cells).toMatchObject([
      { text: "50.0 %", difference: "", tone: "none" },
      { text: "60.0 %", difference: "+10.0", tone: "better" },
    ]);
    expect(rows["Exact match"]?.basis).toContain("98 questions");
  });

  it("says nothing where no difference is known", () => expect(rows.F1?.cells[1]).toMatchObject({ difference: "", tone: "none" }));

  it("takes slower for worse, as a ratio", () => expect(rows["Latency p50"]?.cells[1]).toMatchObject({ difference: "×2.5", tone: "worse" }));

  it("takes equal for neither", () => {
    expect(rows["Tokens a run"]?.cells[1]).toMatchObject({ text: "15", difference: "×1", tone: "same" });
  });

  it("counts failures with their sign", () => expect(rows["Failed runs"]?.cells[1]).toMatchObject({ difference: "+3", tone: "worse" }));

  it("leaves open what is unknown", () => expect(rows["Latency p95"]?.cells[1]).toMatchObject({ text: "–", difference: "", tone: "none" }));
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

it("has no ratio to nothing", () => expect([formatRatio(1, 0), formatRatio(null, 1), formatRatio(3, 2)]).toEqual(["", "", "×1.5"]));
it("names experiments by letters", () => expect([letterOf(0), letterOf(2)]).toEqual(["A", "C"]));

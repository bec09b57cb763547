import { describe, expect, it } from "vitest";

import { pairedWithBaseline, prepareRanking } from "./ranking";

type Comparison = Parameters<typeof prepareRanking>[0];

function experiment(id: string, value: number | null, n = 100) {
  const scores = value === null ? {} : { f1: { value, low: value - 0.1, high: value + 0.1, n } };
  return { experiment_id: id, label: `Experiment ${id}`, metrics: { scores, latency_ms: { p50: 120 }, model_ms: null, attribution: null, agent: null, cost_usd: { per_1000_runs: null } } };
}

const statistics = { simultaneous_low: 0.1, simultaneous_high: 0.3, adjusted_p: 0.01, outcome: "better" };
const comparison = {
  baseline_id: "a",
  experiments: [experiment("a", 0.5), experiment("b", 0.7), experiment("c", null), experiment("d", 0.6, 40)],
  differences: [
    { experiment_id: "b", score: "f1", n_paired: 100, baseline: 0.5, this: 0.7, difference: 0.2, statistics, message: "" },
    { experiment_id: "c", score: "f1", n_paired: 0, baseline: null, this: null, difference: null, statistics: null, message: "Too few questions are paired for a test: 0." },
    { experiment_id: "d", score: "f1", n_paired: 40, baseline: 0.475, this: 0.6, difference: 0.125, statistics: { ...statistics, outcome: "not_distinguishable" }, message: "" },
  ],
  settling: null, family: "score" as const, tied_for_best: { f1: ["b", "d"] },
} as unknown as Comparison;

describe("prepareRanking", () => {
  const rows = prepareRanking(comparison, "f1");
  it("has the highest score first and those without it last", () => expect(rows.map(({ letter }) => letter)).toEqual(["B", "D", "A", "C"]));
  it("keeps the difference beside its interval and p", () =>
    expect(rows[0]).toMatchObject({ difference: "+20.0", interval: "[+10.0, +30.0]", p: "p = .010", tone: "better", best: true, paired: "" }));
  it("tells the means on the shared questions where these are not all", () =>
    expect(rows.find(({ letter }) => letter === "D")?.paired).toBe("60.0 % against 47.5 % on the 40 shared"));
  it("says why there is no test", () => expect(rows.at(-1)).toMatchObject({ score: null, difference: "Too few questions are paired for a test: 0.", p: "" }));
});

it("knows which share questions with the baseline", () => expect([...pairedWithBaseline(comparison)]).toEqual(["a", "b", "d"]));

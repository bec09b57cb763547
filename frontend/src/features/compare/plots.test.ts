import { describe, expect, it } from "vitest";

import { forestDomain, prepareForest, prepareFront, sameQuestions } from "./plots";

type Comparison = Parameters<typeof prepareForest>[0];

function experiment(id: string, score: number, p50: number | null) {
  return {
    experiment_id: id,
    label: `Experiment ${id}`,
    metrics: { scores: { f1: { value: score, low: score - 0.1, high: score + 0.1 } }, latency_ms: { p50 }, cost_usd: { per_1000_runs: null } },
  };
}

const comparison = {
  baseline_id: "a",
  experiments: [experiment("a", 0.5, 100), experiment("b", 0.7, 300), experiment("c", 0.4, 200), experiment("d", 0.7, null)],
  differences: [
    { experiment_id: "b", score: "f1", n_paired: 9, difference: 0.2, statistics: { low: 0.12, high: 0.28, simultaneous_low: 0.1, simultaneous_high: 0.3, family: 2, outcome: "better" } },
    { experiment_id: "c", score: "f1", n_paired: 9, difference: -0.1, statistics: { low: -0.2, high: 0.01, simultaneous_low: -0.25, simultaneous_high: 0.05, family: 1, outcome: "not_distinguishable" } },
    { experiment_id: "d", score: "f1", n_paired: 9, difference: null, statistics: null },
  ],
} as unknown as Comparison;

describe("prepareForest", () => {
  const rows = prepareForest(comparison, "f1");
  it("keeps the letters of the page, and leaves out differences without a test", () => {
    expect(rows.map(({ letter, difference }) => [letter, difference])).toEqual([
      ["B", 0.2],
      ["C", -0.1],
    ]);
  });
  it("has the simultaneous intervals, and the plain one beside that of a family", () => {
    expect(rows).toMatchObject([
      { low: 0.1, high: 0.3, plain: { low: 0.12, high: 0.28 } },
      { low: -0.25, high: 0.05, plain: null },
    ]);
  });
  it("has a domain with 0 and every interval", () => {
    const [low, high] = forestDomain(rows);
    expect(low).toBeLessThan(-0.25);
    expect(high).toBeGreaterThan(0.3);
    expect(forestDomain([])[0]).toBeLessThan(0);
  });
});

describe("prepareFront", () => {
  it("marks the Pareto front, and leaves out experiments without a latency", () => {
    expect(prepareFront(comparison, "f1", "latency").map(({ letter, front }) => [letter, front])).toEqual([
      ["A", true],
      ["B", true],
      ["C", false],
    ]);
  });
  it("is for experiments with the same questions", () => {
    const unpaired = { n_changed: 0, n_only_this: 0, n_only_baseline: 0 };
    const of = (one: typeof unpaired) => sameQuestions({ ...comparison, unpaired: [unpaired, one] } as unknown as Comparison);
    expect([of(unpaired), of({ ...unpaired, n_only_baseline: 3 }), of({ ...unpaired, n_changed: 1 })]).toEqual([true, false, false]);
  });
  it("is empty where no cost is known", () => expect(prepareFront(comparison, "f1", "cost")).toEqual([]));
});

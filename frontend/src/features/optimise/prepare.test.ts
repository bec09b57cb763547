import { describe, expect, it } from "vitest";

import { type Cell, equivalenceOf, formatRate, formatSpeed, fullColourOf, type Matrix, prepareCache, prepareFront, prepareHeat, prepareLoad, prepareStages, stateOf } from "./prepare";

type Way = Matrix["ways"][number];

function way(name: string, mode: Way["mode"], calls: number, more: Partial<Way> = {}): Way {
  return { name, mode, calls, by_prefix: false, prefix_cache: false, cache: "none", ...more };
}

function cell(optimisation: string, more: Partial<Cell> = {}): Cell {
  return {
    method: "naive",
    optimisation,
    state: "measured",
    reasons: [],
    trials: [],
    score: { value: 0.7, low: 0.6, high: 0.8, n: 100, method: "wilson", level: 0.95 },
    latency_p50_ms: 100,
    latency_p95_ms: 200,
    questions_per_s: { value: 2, low: 1.8, high: 2.2, rounds: 3 },
    tokens_per_question: 50,
    usd_per_1000: 1,
    hit_rate: 0,
    prompt_cache_rate: null,
    failed_runs: 0,
    stages: [],
    against: null,
    ...more,
  };
}

function compared(value: number, low: number | null, high: number | null): Partial<Cell> {
  const differs = low !== null && high !== null && (low > 1 || high < 1);
  return { against: { speed: { value, low, high, rounds: low === null ? 1 : 3, differs }, identical: null, same_outputs: null, score: null } };
}

const ways = [
  way("sequential", "sequential", 1),
  way("batched 8", "batched", 8),
  way("batched 4", "batched", 4),
  way("concurrent 8", "concurrent", 8),
  way("cold", "concurrent", 8, { cache: "cold" }),
  way("warm", "concurrent", 8, { cache: "warm" }),
  way("by prefix", "sequential", 1, { by_prefix: true }),
];

describe("the heat map", () => {
  it("colours by the logarithm of the ratio, and hatches what cannot be told from 1", () => {
    const cells = [cell("sequential"), cell("batched 8", compared(3, 2, 4)), cell("concurrent 8", compared(0.5, 0.4, 0.6)), cell("by prefix", compared(1.1, 0.9, 1.3)), cell("batched 4", compared(2, null, null))];
    const found = prepareHeat({ cells, ways, baseline: "sequential" });
    expect(found.map(({ text }) => text)).toEqual(["1×", "3×", "0.5×", "1.1×", "2×"]);
    expect(found.map(({ note }) => note)).toEqual(["baseline", "[2, 4]", "[0.4, 0.6]", "[0.9, 1.3]", "1 round"]);
    expect(found.map(({ short }) => short)).toEqual(["baseline", "2–4", "0.4–0.6", "0.9–1.3", "1 round"]);
    expect(found.map(({ strength }) => Math.round(strength * 100) / 100)).toEqual([0, 1, -0.63, 0.09, 0.63]);
    expect(found.map(({ unsure }) => unsure)).toEqual([false, false, false, true, true]);
    expect(found[1]?.sentence).toBe("naive, batched 8: 3× [2, 4], faster.");
    expect(found[3]?.sentence).toContain("cannot be told");
  });

  it("leaves the scale of colours to what calls the model, so that 1.1× and 1.4× differ beside a warm cache", () => {
    const ratios = [cell("sequential"), cell("batched 4", compared(1.1, 1.05, 1.2)), cell("batched 8", compared(1.4, 1.3, 1.5))];
    const cells = [...ratios, cell("cold", compared(6, 5, 7)), cell("warm", compared(346, 300, 400))];
    const [, slight, clear, most, warm] = prepareHeat({ cells, ways, baseline: "sequential" }).map(({ strength }) => strength);
    expect((clear ?? 0) - (slight ?? 0)).toBeGreaterThan(0.2);
    expect([most, warm]).toEqual([1, 1]);
    expect(fullColourOf({ cells, ways })).toBe(3);
    expect(fullColourOf({ cells: [...ratios, cell("warm", compared(346, 300, 400))], ways })).toBe(1.5);
    expect(fullColourOf({ cells: [cell("concurrent 8", compared(0.5, 0.4, 0.6))], ways })).toBeCloseTo(2);
  });

  it("says what failed, and why", () => {
    const failed = cell("cold", { state: "failed", questions_per_s: null, score: null, reasons: ["the server is gone"] });
    const [found] = prepareHeat({ cells: [failed], ways, baseline: "sequential" });
    expect(found?.text).toBe("failed");
    expect(found?.sentence).toBe("naive, cold: failed. the server is gone");
    expect(prepareHeat({ cells: [{ ...failed, optimisation: "sequential" }], ways, baseline: "sequential" })[0]?.text).toBe("failed");
  });
});

describe("the curves against concurrency", () => {
  it("begin with the baseline, and leave out caches and other orders", () => {
    const cells = ways.map(({ name }) => cell(name));
    const lines = prepareLoad({ cells, ways }, "naive");
    expect(lines.map(({ name, points }) => [name, points.map(({ calls }) => calls)])).toEqual([
      ["In batches", [1, 4, 8]],
      ["Side by side", [1, 8]],
    ]);
  });

  it("are not drawn for one point, or a method that failed", () => {
    expect(prepareLoad({ cells: [cell("sequential")], ways }, "naive")).toEqual([]);
    expect(prepareLoad({ cells: ways.map(({ name }) => cell(name, { questions_per_s: null })), ways }, "naive")).toEqual([]);
  });
});

describe("the Pareto front", () => {
  const cells = [cell("sequential"), cell("batched 8", { questions_per_s: { value: 4, low: 2, high: 8, rounds: 3 } }), cell("warm")];

  it("has the interval of the time, and no warm cache", () => {
    const found = prepareFront({ cells, ways }, "time");
    expect(found.map(({ letter, x, xLow, xHigh, front }) => ({ letter, x, xLow, xHigh, front }))).toEqual([
      { letter: "1", x: 500, xLow: 1000 / 2.2, xHigh: 1000 / 1.8, front: false },
      { letter: "2", x: 250, xLow: 125, xHigh: 500, front: true },
    ]);
  });

  it("leaves out what is unknown", () => {
    expect(prepareFront({ cells: [cell("sequential", { usd_per_1000: null }), cell("batched 8")], ways }, "cost")).toHaveLength(1);
    expect(prepareFront({ cells: [cell("sequential", { latency_p50_ms: null })], ways }, "latency")).toEqual([]);
  });
});

it("cold stands beside warm where both were measured", () => {
  const cells = [cell("cold"), cell("warm", { hit_rate: 1 }), cell("cold", { method: "RAG" })];
  expect(prepareCache({ cells, ways, methods: ["naive", "RAG"] }).map(({ method, hits, saved }) => ({ method, hits, saved }))).toEqual([{ method: "naive", hits: 1, saved: 1 }]);
});

it("stages are drawn of cells that have measured them, without waits for other questions", () => {
  const stage = (name: string, group: "model" | "waiting", mean_ms: number, waits = false) => ({ name, label: name, group, waits, mean_ms });
  const cells = [cell("sequential", { stages: [stage("slot", "waiting", 90, true), stage("call", "model", 40)] }), cell("cold")];
  const found = prepareStages({ cells }, "naive");
  expect(found.map(({ optimisation, parts }) => [optimisation, parts.map(({ name, ms }) => [name, ms])])).toEqual([["sequential", [["model", 40]]]]);
  expect(prepareStages({ cells }, "RAG")).toEqual([]);
});

it("numbers read the same everywhere", () => {
  expect(formatRate(null)).toBe("–");
  expect(formatRate({ value: 2.345, low: null, high: null, rounds: 1 })).toBe("2.35");
  expect(formatSpeed({ value: 2, low: 1.5, high: 2.5, rounds: 3 })).toBe("2× [1.5, 2.5]");
  expect(stateOf({ ended: 3, failed: 0, total: 8 })).toEqual({ label: "3 of 8", tone: "info" });
  expect(stateOf({ ended: 8, failed: 1, total: 8 }).tone).toBe("bad");
  const score = { difference: -0.01, low: -0.05, high: 0.03, test_low: -0.04, test_high: 0.02, n: 300, units: 100, within: false, outcome: "cannot_tell" as const, sentence: "" };
  expect(equivalenceOf(cell("x", { against: { speed: null, identical: null, same_outputs: null, score } }))).toEqual({ label: "cannot tell", tone: "plain", difference: "−1.0 [−5.0, +3.0]" });
});

import { describe, expect, it } from "vitest";

import { compareScores, describeInterval, describeScore, formatQuantity, orderScores, type Quantity, quantities, quantityCards, scoreCards } from "./metrics";

type Metrics = Parameters<Quantity["of"]>[0];

it("puts answers first, then retrieval, then faithfulness", () => {
  const names = ["mrr", "zeta", "faithfulness", "f1", "ndcg_at_10", "alpha", "faithful", "answer_in_context", "exact_match"];
  expect(names.sort(compareScores)).toEqual([
    "exact_match",
    "f1",
    "alpha",
    "zeta",
    "answer_in_context",
    "mrr",
    "ndcg_at_10",
    "faithful",
    "faithfulness",
  ]);
});

it("takes a score that is not listed to be about the answer", () => {
  expect(["mrr", "faithful", "number_strict"].map((name) => describeScore(name).group)).toEqual(["retrieval", "faithfulness", "answer"]);
});

it("labels scores by their usual spelling, others by their name", () => {
  expect(["ndcg_at_10", "recall_at_k", "mrr", "all_at_k", "answer_in_context", "exact_match", "constructor"].map((name) => describeScore(name).label)).toEqual([
    "nDCG@10",
    "Recall@k",
    "MRR",
    "All gold@k",
    "Answer in context",
    "Exact match",
    "Constructor",
  ]);
});

it("puts the primary scores first", () => {
  expect(orderScores({ zeta: 1, f1: 2, exact_match: 3, alpha: 4 }).map(([name]) => name)).toEqual(["exact_match", "f1", "alpha", "zeta"]);
});

describe("scoreCards", () => {
  const estimate = { value: 0.5, low: 0.4, high: 0.6 } as Metrics["scores"][string];
  const cards = (names: string[], hallucination_rate: typeof estimate | null = null) =>
    scoreCards({ scores: Object.fromEntries(names.map((name) => [name, estimate])), hallucination_rate }).map((one) => [
      one.group,
      one.cards.map(({ description }) => description.name),
    ]);
  it("groups scores by what they are about, and leaves out empty groups", () => {
    expect(cards(["mrr", "f1", "exact_match"])).toEqual([
      ["answer", ["exact_match", "f1"]],
      ["retrieval", ["mrr"]],
    ]);
    expect(cards(["f1"])).toEqual([["answer", ["f1"]]]);
  });
  it("has the hallucination rate beside faithfulness", () => {
    expect(cards(["faithfulness"], estimate)).toEqual([["faithfulness", ["faithfulness", "hallucination_rate"]]]);
  });
});

describe("quantities", () => {
  const metrics = {
    counts: { failed: 3, failures: { rate_limit: 2, timeout: 1 }, missing: 4, cached: 5, retried: 6 },
    latency_ms: { p50: 120, p95: 900, p99: 1500, n: 95 },
    throughput_per_s: 4,
    wall_s: 90,
    tokens: { prompt: 1000, completion: 500 },
    cost_usd: { total: null, per_1000_runs: null },
    gpu_seconds_estimate: null,
  } as unknown as Metrics;
  const said = (given: Metrics) => quantityCards(given).map(({ label, unit, of, note }) => `${label}: ${formatQuantity(of(given), unit)} (${note(given)})`);
  it("are said with their units", () => {
    expect(said(metrics)).toEqual([
      "Latency p50: 120 ms (p99 1.5 s)",
      "Latency p95: 900 ms (n = 95 uncached)",
      "Throughput: 4 / s (wall time 1 min 30 s)",
      "Tokens: 1,500 (1,000 in, 500 out)",
      "Cost: unknown (price unknown)",
      "Failed runs: 3 (rate limit 2, timeout 1, 4 not run)",
    ]);
  });
  it("include GPU time where it can be estimated", () => {
    expect(said({ ...metrics, gpu_seconds_estimate: 75 }).at(-1)).toBe("GPU time, estimated: 1 min 15 s (one A100 at 40 % utilisation)");
  });
  it("say what was retried or cached where nothing failed", () => {
    const counts = { ...metrics.counts, failed: 0, failures: {}, missing: 0 };
    expect(quantities.failed.note({ ...metrics, counts })).toBe("5 from cache");
    expect(quantities.failed.note({ ...metrics, counts: { ...counts, cached: 0 } })).toBe("6 retried");
  });
  it("are a dash where they are unknown", () => {
    expect((["ms", "s", "tokens", "count", "per_s"] as const).map((unit) => formatQuantity(null, unit))).toEqual(["–", "–", "–", "–", "–"]);
  });
});

it("says how an interval was computed", () => {
  expect(describeInterval({ level: 0.95, method: "wilson", n: 1000 }, "answered runs")).toBe("95 % Wilson score interval, n = 1,000 answered runs");
});

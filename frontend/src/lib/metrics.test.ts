import { describe, expect, it } from "vitest";

import { amountCards, describeInterval, type Figure, figureLabel, figureOf, formatFigure, scoreGroups, scoresOf } from "./metrics";

const figure = (name: string, value: number | null, change: Partial<Figure> = {}): Figure => ({
  name,
  label: name,
  group: "speed",
  row: "",
  unit: "",
  format: "number",
  better: "lower",
  help: "",
  value,
  low: null,
  high: null,
  n: null,
  basis: "",
  note: "",
  warning: "",
  ...change,
});
const share = (name: string, group: string) => figure(name, 0.5, { group, format: "share", low: 0.4, high: 0.6, n: 100, basis: "wilson" });

describe("scoresOf", () => {
  const described = (name: string, label: string) => ({ name, label, version: 1, kind: "binary" as const, group: "answer", help: "" });
  const scores = scoresOf([described("exact_match", "Exact match"), described("f1", "F1"), described("ndcg_at_10", "nDCG@10")]);
  it("labels scores as the API does, and unknown ones by their name", () => {
    expect(["ndcg_at_10", "f1", "number_strict", "constructor"].map(scores.label)).toEqual(["nDCG@10", "F1", "Number strict", "Constructor"]);
  });
  it("puts scores in the order of the API, unknown ones last", () => {
    expect(scores.order(["zeta", "ndcg_at_10", "alpha", "f1", "exact_match"])).toEqual(["exact_match", "f1", "ndcg_at_10", "alpha", "zeta"]);
    expect(scoresOf([]).order(["b", "a"])).toEqual(["a", "b"]);
  });
});

describe("formatFigure", () => {
  it.each([
    [0.5, "share", "", "50.0 %"],
    [1234, "milliseconds", "", "1.23 s"],
    [0.5, "usd", "", "$0.5"],
    [1234, "count", "", "1,234"],
    [4, "number", "answers/s", "4 answers/s"],
    [90, "number", "s", "1 min 30 s"],
    [null, "number", "answers/s", "–"],
    [null, "number", "s", "–"],
    [null, "usd", "", "unknown"],
  ] as const)("%s as %s %s reads %s", (value, format, unit, text) => expect(formatFigure(value, { format, unit })).toBe(text));
});

it("labels a figure with its row", () => {
  expect([figureLabel({ row: "latency", label: "p95" }), figureLabel({ row: "", label: "Throughput" })]).toEqual(["Latency p95", "Throughput"]);
});

it("finds a figure by its name", () => {
  const metrics = { figures: [figure("a", 1), figure("b", 2)] };
  expect([figureOf(metrics, "b")?.value, figureOf(metrics, "c")]).toEqual([2, undefined]);
});

describe("cards", () => {
  const row = (name: string, label: string, value: number, change: Partial<Figure> = {}) => figure(name, value, { label, row: "latency", format: "milliseconds", n: 95, basis: "uncached", ...change });
  const metrics = {
    figures: [
      share("exact_match", "answer"),
      share("f1", "answer"),
      share("mrr", "retrieval"),
      share("agent_stuck_rate", "agent"),
      figure("hallucination_rate", null, { group: "faithfulness", format: "share" }),
      figure("runs_answered", 97, { label: "answered", row: "runs", format: "count" }),
      figure("runs_failed", 3, { label: "failed", row: "runs", format: "count", note: "2 rate_limit, 1 timeout" }),
      row("latency_p50_ms", "p50", 120),
      row("latency_p95_ms", "p95", 900),
      figure("throughput_per_s", 4, { label: "Throughput", unit: "answers/s", help: "Uncached answers a second." }),
      figure("tokens_prompt", 10, { label: "prompt", row: "tokens", format: "count", warning: "2 runs without counts" }),
      figure("tokens_completion", 5, { label: "completion", row: "tokens", format: "count", warning: "2 runs without counts" }),
    ],
  };
  it("of scores are grouped, without those of agents", () => {
    expect(scoreGroups(metrics).map(({ label, figures }) => [label, figures.map(({ name }) => name)])).toEqual([
      ["Answer", ["exact_match", "f1"]],
      ["Retrieval", ["mrr"]],
    ]);
  });
  it("of other figures have one card per row, and none for an unknown share", () => {
    expect(amountCards(metrics)).toEqual([
      { label: "Runs", help: "", value: "97", caption: "answered", others: ["3 failed (2 rate_limit, 1 timeout)"], notes: [] },
      { label: "Latency", help: "", value: "120 ms", caption: "p50", others: ["p95 900 ms"], notes: ["n = 95 uncached"] },
      { label: "Throughput", help: "Uncached answers a second.", value: "4 answers/s", caption: "", others: [], notes: [] },
      { label: "Tokens", help: "", value: "10", caption: "prompt", others: ["5 completion"], notes: ["2 runs without counts"] },
    ]);
  });
});

it("says how an interval was computed", () => {
  expect(describeInterval({ level: 0.95, method: "wilson", n: 1000 }, "answered runs")).toBe("95 % Wilson score interval, n = 1,000 answered runs");
});

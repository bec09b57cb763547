import { describe, expect, it } from "vitest";

import { agentShares, comparedFigures, describeInterval, estimateGroups, type Figure, figureCards, formatFigure, formatQuantity, scoreNamesOf } from "./metrics";

function figure(name: string, fields: Partial<Figure> = {}): Figure {
  const plain = { group: "answer", row: "", short: "", unit: "", format: "number", better: null, help: "", low: null, high: null, n: null, basis: "", note: "", warning: "" } as const;
  return { ...plain, name, label: name, value: 0.5, ...fields };
}

const estimated = (name: string, group: string, format: Figure["format"] = "share") => figure(name, { group, format, low: 0.4, high: 0.6, n: 20, basis: "wilson" });

describe("scores", () => {
  const names = scoreNamesOf([
    { name: "exact_match", label: "Exact match", group: "answer" },
    { name: "ndcg_at_10", label: "nDCG@10", group: "retrieval" },
  ]);
  it("come in the order of their descriptions, others last by name", () =>
    expect(names.inOrder(["zeta", "ndcg_at_10", "alpha", "exact_match"])).toEqual(["exact_match", "ndcg_at_10", "alpha", "zeta"]));
  it("know their group", () => expect([names.groupOf("ndcg_at_10"), names.groupOf("zeta")]).toEqual(["retrieval", ""]));
  it("are shown by their label, others by their name", () =>
    expect(["ndcg_at_10", "number_strict", "constructor"].map(names.labelOf)).toEqual(["nDCG@10", "Number strict", "Constructor"]));
  it("of another harness are shown as the agreements panel does", () =>
    expect(["file.judge", "inspect.match", "lm-eval.exact_match,none", "file_size"].map(names.labelOf)).toEqual(["judge (a file)", "match (Inspect)", "exact_match,none (lm-evaluation-harness)", "File size"]));
});

it("groups what has an interval, and leaves agents to their panel", () => {
  const figures = [estimated("f1", "answer"), estimated("mrr", "retrieval"), estimated("brevity", "style"), figure("wall_s"), estimated("agent_success_rate", "agent")];
  expect(estimateGroups({ figures }).map(({ label, figures: found }) => [label, found.map(({ name }) => name)])).toEqual([
    ["Answer", ["f1"]],
    ["Retrieval", ["mrr"]],
    ["Style", ["brevity"]],
  ]);
});

it("shows the shares of an agent's runs, and failed uses with the tools", () => {
  const figures = [estimated("agent_success_rate", "agent"), estimated("agent_iterations", "agent", "number"), estimated("agent_failed_uses", "agent")];
  expect(agentShares({ figures }).map(({ name }) => name)).toEqual(["agent_success_rate"]);
});

describe("cards", () => {
  const latency = (short: string, value: number) =>
    figure(`latency_${short}_ms`, { label: `Latency ${short}`, group: "speed", row: "latency", short, format: "milliseconds", value, n: 95, basis: "uncached" });
  const runs = (short: string, value: number, note = "") => figure(`runs_${short}`, { label: `Runs ${short}`, row: "runs", short, format: "count", value, note });
  const cards = (...figures: Figure[]) => figureCards({ figures }).map(({ label, value, note }) => `${label}: ${value} (${note})`);
  it("show a row's first figure, and the others below it", () => {
    expect(cards(latency("p50", 120), latency("p99", 1500))).toEqual(["Latency p50: 120 ms (p99 1.5 s, n = 95 uncached)"]);
    expect(cards(runs("answered", 1200), runs("failed", 3, "3 timeout"))).toEqual(["Runs answered: 1,200 (3 failed (3 timeout))"]);
  });
  it("say that latency is not known, instead of listing what is not", () => {
    const unknown = (short: string) => ({ ...latency(short, 0), value: null, n: 0, note: "not known" });
    expect(cards(unknown("p50"), unknown("p99"))).toEqual(["Latency p50: – (not known)"]);
  });
  it("show figures that stand alone, with their unit and notes", () => {
    expect(cards(figure("throughput", { value: 4, unit: "answers/s" }), figure("cost", { value: null, format: "usd", note: "no price", warning: "careful" }))).toEqual([
      "throughput: 4 answers/s ()",
      "cost: unknown (no price, careful)",
    ]);
  });
});

it("leaves out shares that are unknown", () => {
  const figures = [figure("hallucination_rate", { group: "faithfulness", format: "share", value: null })];
  expect([figureCards({ figures }), comparedFigures([{ figures }])]).toEqual([[], []]);
});

it("compares each figure once that stands alone or is chosen", () => {
  const [throughput, p95, p50] = [figure("throughput"), figure("latency_p95_ms", { row: "latency" }), figure("latency_p50_ms", { row: "latency" })];
  const results = [{ figures: [throughput, p95, p50] }, { figures: [throughput, estimated("f1", "answer"), figure("newer")] }];
  expect(comparedFigures(results).map(({ name }) => name)).toEqual(["throughput", "latency_p95_ms", "newer"]);
});

describe("values", () => {
  it("are a dash where they are unknown", () => {
    expect((["share", "milliseconds", "count", "number"] as const).map((format) => formatFigure(null, { format, unit: "s" }))).toEqual(["–", "–", "–", "–"]);
    expect((["ms", "tokens"] as const).map((unit) => formatQuantity(null, unit))).toEqual(["–", "–"]);
  });
  it("are written by their format", () => {
    expect(formatFigure(0.5, { format: "share", unit: "" })).toBe("50.0 %");
    expect(formatFigure(75, { format: "number", unit: "GPU s" })).toBe("75 GPU s");
    expect(formatFigure(0.002, { format: "usd", unit: "" })).toBe("$0.002");
  });
});

it("says how an interval was computed", () => {
  expect(describeInterval({ method: "wilson", n: 1000 }, "answered runs")).toBe("95 % Wilson score interval, n = 1,000 answered runs");
  expect(describeInterval({ method: "constant", n: 4 }, "runs")).toBe("All values are equal, which says nothing of their spread, n = 4 runs");
});

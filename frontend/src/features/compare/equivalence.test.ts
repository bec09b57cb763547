import { describe, expect, it } from "vitest";

import type { Schemas } from "@/lib/api/client";

import { prepareEquivalence } from "./equivalence";

const share = (value: number): Schemas["Estimate"] => ({ value, low: value - 0.1, high: value, n: 100, method: "wilson", level: 0.95 });
const equivalence: Schemas["EquivalenceOut"] = { margin: 0.02, low: -0.012, high: 0.016, level: 0.9, within: true, verdict: "equivalent", sentence: "equivalent within 2 points", needed: null };

function comparison(found: Partial<Schemas["EquivalenceOut"]> | null, same = true): Schemas["ComparisonOut"] {
  return {
    experiments: ["a", "b"].map((id) => ({ experiment_id: id, label: id })),
    differences: [{ experiment_id: "b", score: "exact_match", message: found ? "" : "Too few questions are paired for a test: 1.", equivalence: found && { ...equivalence, ...found } }],
    same_answers: same ? [{ experiment_id: "b", outputs: share(0.9), answers: share(0.95), message: "" }] : [],
  } as unknown as Schemas["ComparisonOut"];
}

describe("prepareEquivalence", () => {
  it("says what is known of each but the baseline", () => {
    expect(prepareEquivalence(comparison({}), "exact_match")).toEqual([
      { id: "b", letter: "B", name: "b", verdict: "Equivalent within 2 points", tone: "same", within: true, interval: "[−1.2, +1.6]", level: "90.0 %", needed: "", outputs: share(0.9), answers: share(0.95) },
    ]);
  });

  it("keeps better and worse apart from equivalent", () => {
    const [row] = prepareEquivalence(comparison({ verdict: "worse", sentence: "worse, but by less than the margin of 2 points" }), "exact_match");
    expect(row).toMatchObject({ tone: "worse", within: true });
  });

  it("says how many questions would tell", () => {
    const [row] = prepareEquivalence(comparison({ verdict: "cannot_tell", within: false, needed: 4283 }), "exact_match");
    expect(row).toMatchObject({ tone: "not_distinguishable", needed: "about 4,283" });
  });

  it("says why there is no test", () => {
    expect(prepareEquivalence(comparison(null, false), "exact_match")).toMatchObject([{ verdict: "Too few questions are paired for a test: 1.", tone: "none", interval: "", outputs: null }]);
  });
});

import { describe, expect, it } from "vitest";

import type { Schemas } from "@/lib/api/client";

import { accuracyRows, agreementRows, alphaText, differenceRows, labelScores } from "./labels-prepare";

const corrected = (value: number): Schemas["Corrected"] => ({ value, low: value - 0.1, high: value + 0.1, labelled: 30, judged: 100, weight: 0.5, level: 0.95 });

const summary: Schemas["LabelSummaryOut"] = {
  labellers: { ada: 30 },
  people: null,
  experiments: [
    { experiment_id: "a", name: "First", answered: 1000, labelled: 32, sampled: 30, verdicts: {}, failures: {}, labels_alone: corrected(0.5), scores: [{ score: "exact_match", naive: 0.4, corrected: corrected(0.45) }] },
    { experiment_id: "b", name: "Second", answered: 100, labelled: 0, sampled: 0, verdicts: {}, failures: {}, labels_alone: null, scores: [{ score: "exact_match", naive: null, corrected: null }, { score: "f1", naive: 0.2, corrected: null }] },
  ],
  agreements: [
    { score: "exact_match", both: 10, only_score: 1, only_people: 4, neither: 15, alpha: { value: 0.676, low: -0.1, high: 0.9, n: 30, method: "bootstrap", level: 0.95 } },
    { score: "f1", both: 0, only_score: 0, only_people: 0, neither: 0, alpha: null },
  ],
  differences: [{ experiment_id: "b", questions: 100, labels_alone: null, scores: [{ score: "exact_match", naive: -0.05, corrected: corrected(-0.02) }] }],
  notes: [],
};

describe("what labels say", () => {
  it("shows accuracy by labels alone, by the score, and corrected", () => {
    const [first, second] = accuracyRows(summary, "exact_match");
    expect(first).toMatchObject({ name: "First", sample: "30 of 1,000", alone: "50.0 % [40.0, 60.0]", naive: "40.0 %", text: "45.0 % [35.0, 55.0]" });
    expect(second).toMatchObject({ sample: "0 of 100", alone: "–", naive: "–", text: "–", corrected: null });
    expect(accuracyRows(summary, "f1")[0]).toMatchObject({ naive: "–", text: "–" });
  });

  it("shows differences in points with the name of the experiment", () => {
    expect(differenceRows(summary, "exact_match")).toEqual([{ id: "b", name: "Second", alone: "–", naive: "−5.0", text: "−2.0 [−12.0, +8.0]" }]);
    expect(differenceRows(summary, "f1")[0]).toMatchObject({ naive: "–", text: "–" });
  });

  it("lists each score once, and only those that people have something to say of", () => {
    const contains = { score: "contains", naive: 0.5, corrected: null };
    const experiments = summary.experiments.map((one) => ({ ...one, scores: [contains, ...one.scores] }));
    expect(labelScores({ ...summary, experiments })).toEqual(["exact_match", "contains", "f1"]);
    expect(agreementRows(summary)).toEqual([{ score: "exact_match", same: "25 of 30", lenient: "1", strict: "4", alpha: "0.68 [−0.10, 0.90]" }]);
    expect(alphaText(null)).toBe("not known");
  });
});

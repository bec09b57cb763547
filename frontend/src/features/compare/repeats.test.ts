import { expect, test } from "vitest";

import type { Schemas } from "@/lib/api/client";

import { passForest, preparePasses, wasRepeated } from "./repeats";

const tested = { experiment_id: "b", measure: "any", k: 2, questions: 20, baseline: 0.5, this: 0.9, difference: 0.4, low: 0.1, high: 0.6, plain_low: 0.2, plain_high: 0.5, p: 0.004, adjusted_p: 0.008, family: 2, outcome: "better", message: "pass@2: B is better." } as const;
const repeated: Schemas["ComparedRepeatsOut"] = {
  baseline_id: "a",
  experiments: [
    { experiment_id: "a", name: "Two: plain", label: "plain" },
    { experiment_id: "b", name: "Two: thinking", label: "thinking" },
  ],
  score: "exact_match",
  family: 2,
  differences: [tested, { ...tested, measure: "all" }],
  note: "",
};

test("a row for each measure", () => {
  const [any, all] = preparePasses(repeated);
  expect(any).toMatchObject({ letter: "B", name: "thinking", measure: "pass@2", baseline: "50.0 %", value: "90.0 %", difference: "+40.0", questions: "20", outcome: "better" });
  expect(all?.measure).toBe("pass^2");
  expect(new Set(preparePasses(repeated).map(({ key }) => key)).size).toBe(2);
});

test("the plot has the interval of each alone beside that of all", () => {
  expect(passForest(repeated)[0]).toMatchObject({ letter: "B", name: "pass@2, thinking", low: 0.1, high: 0.6, plain: { low: 0.2, high: 0.5 } });
  expect(passForest({ ...repeated, differences: [{ ...tested, family: 1 }] })[0]?.plain).toBeNull();
});

test("questions were asked repeatedly if there are more pairs than questions", () => {
  const of = (n_paired: number) => ({ differences: [{ n_paired, n_questions: 20 }] }) as Schemas["ComparisonOut"];
  expect([wasRepeated(of(20)), wasRepeated(of(60))]).toEqual([false, true]);
});

import { expect, test } from "vitest";

import type { Schemas } from "@/lib/api/client";

import { onlyFromCache, prepareSteps, prepareTimeline } from "./prepare";

const score = (value: number) => ({ value, low: value - 0.1, high: value + 0.1, n: 20, method: "wilson", level: 0.95, if_failed_were_wrong: null });
const difference = { experiment_id: "a", n_paired: 20, difference: -0.3, low: -0.5, high: -0.1, adjusted_p: 0.01, verdict: "worse", message: "the reference is better" } as const;
const step = { name: "Night", status: "COMPLETED", created_at: "2026-11-28T09:00:00Z", cached: 0, answered: 20, changes: [], against_reference: null, against_previous: null } as const;
const history = {
  config_hash: "c",
  score: "exact_match",
  margin: 0.02,
  reference_id: "a",
  steps: [
    { ...step, experiment_id: "a", score: score(0.8) },
    { ...step, experiment_id: "b", score: score(0.5), cached: 20, changes: ["numpy: 1 → 2"], against_reference: difference, against_previous: { ...difference, difference: null, low: null, high: null, adjusted_p: null, verdict: "cannot_tell" } },
  ],
  note: "",
} as unknown as Schemas["HistoryOut"];

test("rows are the newest first, with both differences", () => {
  const [newest, first] = prepareSteps(history);
  expect(newest).toMatchObject({ id: "b", score: "50.0 %", cached: "20 of 20", reference: false, changes: ["numpy: 1 → 2"] });
  expect(newest?.againstReference).toMatchObject({ verdict: "Worse", tone: "bad", numbers: "−30.0 [−50.0, −10.0], p = .010" });
  expect(newest?.againstPrevious).toMatchObject({ verdict: "Cannot tell", numbers: "" });
  expect(first).toMatchObject({ id: "a", reference: true, cached: "", againstReference: null });
});

test("points are the oldest first, coloured by the difference from the reference", () => {
  expect(prepareTimeline(history).map(({ id, tone, reference }) => [id, tone, reference])).toEqual([
    ["a", "plain", true],
    ["b", "worse", false],
  ]);
});

test("all from the cache says nothing of the model", () => {
  expect(onlyFromCache(history)).toBe(true);
  expect(onlyFromCache({ ...history, steps: history.steps.slice(0, 1) })).toBe(false);
  expect(onlyFromCache({ ...history, steps: history.steps.map((one) => ({ ...one, cached: 0 })) })).toBe(false);
});

import { expect, test } from "vitest";

import type { Schemas } from "@/lib/api/client";

import { fieldChoices, prepareMultiples, prepareSlices } from "./slices";

const tested = { experiment_id: "b", n_paired: 20, baseline: 0.5, this: 0.9, difference: 0.4, low: 0.1, high: 0.6, plain_low: 0.2, plain_high: 0.5, p: 0.004, adjusted_p: 0.008, verdict: "better", message: "B is better." } as const;
const untested = { ...tested, n_paired: 1, baseline: null, this: null, difference: null, low: null, high: null, plain_low: null, plain_high: null, p: null, adjusted_p: null, verdict: "cannot_tell", message: "Too few questions are paired for a test: 1." } as const;
const estimate = (value: number) => ({ value, low: value - 0.1, high: value + 0.1, n: 20, method: "wilson", level: 0.95 });
const sliced: Schemas["SlicedComparisonOut"] = {
  baseline_id: "a",
  experiments: [
    { experiment_id: "a", name: "Two: plain", label: "plain" },
    { experiment_id: "b", name: "Two: thinking", label: "thinking" },
  ],
  score: "exact_match",
  by: "topic",
  margin: 0.02,
  family: 2,
  fields: [
    { name: "topic", in_quantiles: false, why_not: "" },
    { name: "title", in_quantiles: false, why_not: "title has 40 values for 40 questions: too many." },
    { name: "question_length", in_quantiles: true, why_not: "" },
  ],
  slices: [
    { value: "art", questions: 20, scores: [{ experiment_id: "a", estimate: estimate(0.5) }, { experiment_id: "b", estimate: estimate(0.9) }], differences: [tested] },
    { value: "music", questions: 1, scores: [{ experiment_id: "a", estimate: estimate(0.4) }, { experiment_id: "b", estimate: null }], differences: [untested] },
  ],
  note: "",
};

test("each slice has its scores, and the difference with its interval and p", () => {
  const [art, music] = prepareSlices(sliced);
  expect(art?.cells[0]).toMatchObject({ text: "50.0 %", interval: "[40.0, 60.0]", difference: "", verdict: null });
  expect(art?.cells[1]).toMatchObject({ difference: "+40.0", bounds: "[+10.0, +60.0]", p: "p = .008", verdict: "better" });
  expect(music?.cells[1]).toMatchObject({ text: "–", difference: "", bounds: "", p: "", verdict: "cannot_tell", message: untested.message });
});

test("panels are coloured only where a difference was found", () => {
  expect(prepareMultiples(sliced).map(({ title, note, rows }) => [title, note, rows.map(({ letter, tone }) => letter + tone).join()])).toEqual([
    ["art", "20 questions", "Aplain,Bbetter"],
    ["music", "1 question", "Aplain,Bplain"],
  ]);
});

test("fields that make no slices cannot be chosen", () => {
  expect(fieldChoices(sliced).map(({ label, disabled }) => [label, disabled])).toEqual([
    ["Topic", false],
    ["Title", true],
    ["Question length, in quarters", false],
  ]);
});

import { expect, test } from "vitest";

import type { Schemas } from "@/lib/api/client";

import { describeAnswers, repeatsFigures } from "./repeats";

const share = { value: 0.8, low: 0.6, high: 0.9, n: 20, method: "jackknife", level: 0.95 };
const repeats: Schemas["RepeatsOut"] = {
  score: "exact_match",
  repeats: 3,
  questions: 20,
  failed: 0,
  variance: { total: 0.2, between: share },
  passes: [],
  answers: { ...share, value: 0.25 },
  scores: null,
  flickering: [],
  message: [],
};

test("the variance within is the rest of that between", () => {
  const figures = repeatsFigures(repeats);
  expect(figures.map(({ label }) => label)).toEqual(["Answers that flicker", "Variance between questions", "Variance within questions"]);
  expect(figures.map(({ value }) => value)).toEqual(["25.0 %", "80.0 %", "20.0 %"]);
  expect(figures[2]?.interval).toBe("[10.0, 40.0]");
});

test("answers are listed with how often they were given", () => {
  const question = { key: "1", question: "?", disagreement: 0.5, distinct: 3, answered: 4, score: 0.5 };
  const answers = [
    { answer: "Elbe", count: 2 },
    { answer: null, count: 1 },
  ];
  expect(describeAnswers({ ...question, answers })).toBe("Elbe ×2, no answer ×1, …");
  expect(describeAnswers({ ...question, answers, distinct: 2 })).toBe("Elbe ×2, no answer ×1");
});

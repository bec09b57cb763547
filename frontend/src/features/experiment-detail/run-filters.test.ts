import { describe, expect, it } from "vitest";

import { countFilters, noFilter, offeredOutcomes, outcomeLabel, runFilters, runQuery, sliceChoices, suggestedName } from "./run-filters";

const counts = { correct: 3, partial: 0, wrong: 2, unscored: 0, failed: 1, missing: 4 };

describe("outcomes", () => {
  it("are those that occur, and the chosen one", () => {
    expect(offeredOutcomes(counts, "all")).toEqual(["all", "correct", "wrong", "failed", "cached"]);
    expect(offeredOutcomes(counts, "partial")).toContain("partial");
  });
  it("have the words of the badges", () => expect(["correct", "partial", "wrong", "failed"].map((one) => outcomeLabel(one as "correct"))).toEqual(["Right", "Partly right", "Wrong", "Failed"]));
});

it("makes the API's query", () => {
  expect(runQuery({ ...noFilter, q: "nile", kind: "timeout", slice: "topic=art", msFrom: 100 }, "f1", "original")).toMatchObject({
    text: "nile",
    score: "f1",
    failure_kind: ["timeout"],
    slice: ["topic=art"],
    latency_from_ms: 100,
    latency_to_ms: null,
  });
});

it("counts the filters that are not in sight", () => {
  expect(countFilters({ ...noFilter, filter: "wrong", q: "x", sort: "-score" })).toBe(0);
  expect(countFilters({ ...noFilter, kind: "timeout", scoreFrom: 0.5, scoreTo: 1, tokensTo: 10 })).toBe(3);
});

it("offers slices by key and value", () => {
  const values = [{ value: "art", runs: 12, failed: 0, estimate: null }];
  expect(sliceChoices([{ key: "topic", values }])).toEqual([{ value: "topic=art", label: "Topic: art (12)" }]);
});

it("has the filters of a dataset, without order", () => {
  expect(runFilters({ ...noFilter, attribution: "misread", sort: "-score" }, "f1", "original")).toMatchObject({ attribution: ["misread"], score: "f1" });
  expect(runFilters({ ...noFilter, label: "unclear" }, "f1", "original").label).toEqual(["unclear"]);
  expect(runFilters(noFilter, "f1", "original")).not.toHaveProperty("sort");
});

it("suggests a name by what is listed", () => {
  const names = [noFilter, { ...noFilter, filter: "wrong" as const }, { ...noFilter, attribution: "not_retrieved" }, { ...noFilter, label: "wrong" as const }].map((state) => suggestedName("quiz", state));
  expect(names).toEqual(["quiz-part", "quiz-wrong", "quiz-not-retrieved", "quiz-labelled-wrong"]);
});

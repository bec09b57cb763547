import { describe, expect, it } from "vitest";

import { describeChange, describeRequest, describeState, requestOf } from "./scorings-prepare";

describe("a scoring in words", () => {
  it.each([
    [{}, "the scorers of this version"],
    [{ scorers: { few_words: {} }, parser: "last_line" as const }, "scorers few_words; answers read as last line"],
    [{ faithfulness: { judge: "nli" as const, model: "a/b" }, dataset_version: "1e" }, "judge nli; accepted answers of version 1e54"],
  ])("%j", (request, words) => {
    expect(describeRequest({ request: { scorers: {}, ...request } as never, dataset_version: "1e54" })).toBe(words);
  });

  it.each([
    [{ status: "PENDING" as const }, "waits for a worker"],
    [{ status: "RUNNING" as const, done: 5 }, "5 of 20 runs"],
    [{ status: "FAILED" as const, reason: "no model" }, "no model"],
    [{ status: "COMPLETED" as const, missing: 2 }, "lacks 2 runs that were retried since"],
    [{ status: "COMPLETED" as const }, "20 runs"],
  ])("%j", (given, words) => {
    expect(describeState({ done: 20, total: 20, missing: 0, reason: null, ...given })).toBe(words);
  });

  it.each([
    [{ before: 0.5, after: 0.6, raised: 3, lowered: 1 }, "50.0 % → 60.0 %, 3 higher, 1 lower"],
    [{ before: 0.5, after: 0.5, raised: 0, lowered: 0 }, "50.0 % → 50.0 %, no run changed"],
    [{ before: null, after: 1, raised: 0, lowered: 0 }, "100.0 % (new)"],
  ])("%j", (given, words) => {
    expect(describeChange({ score: "f1", n: 20, ...given })).toBe(words);
  });
});

it("asks only for what was chosen", () => {
  expect(requestOf("", "")).toBeNull();
  expect(requestOf("last_line", "")).toEqual({ parser: "last_line" });
  expect(requestOf("", "few_words")).toEqual({ scorers: { few_words: {} } });
});

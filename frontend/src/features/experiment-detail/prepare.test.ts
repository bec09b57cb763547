import { describe, expect, it } from "vitest";

import { notRight, firstToShow, nextIn, describePreparation, prepareFailures, prepareGrid } from "./prepare";

const map = { score: "f1", scores: ["f1"], total: 6, run_ids: [11, 12, 13, 14, 15, 16], states: "ccpwuf", latency_ms: [] };

describe("prepareGrid", () => {
  it("decodes and counts the states, and adds the runs that are missing", () => {
    const grid = prepareGrid(map, 8);
    expect(grid.states).toEqual(["correct", "correct", "partial", "wrong", "unscored", "failed", "missing", "missing"]);
    expect(grid.counts).toMatchObject({ correct: 2, partial: 1, wrong: 1, unscored: 1, failed: 1, missing: 2 });
    expect(grid.indexOf.get(14)).toBe(3);
    expect(grid.hidden).toBe(0);
  });

  it("counts the runs that the response left out, and does not count them as missing", () => {
    const grid = prepareGrid({ ...map, total: 100 }, 100);
    expect([grid.hidden, grid.counts.missing]).toEqual([94, 0]);
  });
});

describe("nextIn", () => {
  const grid = prepareGrid(map, 8);
  it("goes from one run that is not right to the next, and stops at the end", () => {
    expect(nextIn(grid, -1, 1, notRight)).toBe(2);
    expect(nextIn(grid, 3, 1, notRight)).toBe(5);
    expect(nextIn(grid, 5, 1, notRight)).toBeUndefined();
    expect(nextIn(grid, 5, -1, notRight)).toBe(3);
  });

  it("starts with the first run that is not right, or else with the first", () => {
    expect(firstToShow(grid)).toBe(13);
    expect(firstToShow(prepareGrid({ ...map, states: "cccccc" }, 6))).toBe(11);
    expect(firstToShow(prepareGrid({ ...map, run_ids: [], states: "" }, 6))).toBeNull();
  });
});

it("describes the preparation under way", () => {
  const progress = { total: 5, done: 0 } as unknown as NonNullable<Parameters<typeof describePreparation>[0]>;
  const noted = { ...progress, note: "embedding the knowledge base: 1,200 of 5,000 chunks" };
  expect(describePreparation(noted)).toBe("Embedding the knowledge base: 1,200 of 5,000 chunks.");
  expect([null, progress, { ...progress, note: null }].map(describePreparation)).toEqual(["", "", ""]);
});

it("groups failures, the most frequent first", () => {
  const counts = { stored: 100, failures: { timeout: 2, rate_limit: 8 } } as unknown as Parameters<typeof prepareFailures>[0];
  expect(prepareFailures(counts)).toEqual([
    { kind: "rate_limit", count: 8, share: 0.08 },
    { kind: "timeout", count: 2, share: 0.02 },
  ]);
});

import { expect, test } from "vitest";

import type { Schemas } from "@/lib/api/client";

import { describeFamily, hasSeveralScores } from "./family";

const pair = (score: string) => ({ score, statistics: {} }) as unknown as Schemas["ScoreDifference"];
const page = (family: "score" | "page", ...scores: string[]) => ({ family, differences: scores.map(pair) });

test("one comparison of one score needs no word", () => {
  expect(describeFamily(page("score", "f1"))).toBe("");
  expect(describeFamily(page("page", "f1"))).toBe("");
  expect(hasSeveralScores(page("score", "f1", "f1"))).toBe(false);
});

test("whose family it is", () => {
  expect(describeFamily(page("score", "f1", "f1"))).toBe("p values are adjusted by Holm for the 2 comparisons of a score, and their intervals are simultaneous.");
  expect(describeFamily(page("score", "f1", "contains"))).toBe("Each of the 2 scores is a family of its own: of several, one may differ by chance.");
  expect(describeFamily(page("page", "f1", "contains", "f1", "contains"))).toContain("all 4 comparisons of 2 scores on this page");
  expect(hasSeveralScores(page("score", "f1", "contains"))).toBe(true);
});

test("what could not be tested does not count", () => {
  const untested = { score: "contains", statistics: null } as unknown as Schemas["ScoreDifference"];
  expect(hasSeveralScores({ family: "score", differences: [pair("f1"), untested] })).toBe(false);
});

import { expect, it } from "vitest";

import { compareScores, groupOfScore } from "./scores";

it("puts answers first, then retrieval, then faithfulness", () => {
  const names = ["mrr", "zeta", "faithfulness", "f1", "ndcg_at_10", "alpha", "faithful", "answer_in_context", "exact_match"];
  expect(names.sort(compareScores)).toEqual([
    "exact_match",
    "f1",
    "alpha",
    "zeta",
    "answer_in_context",
    "mrr",
    "ndcg_at_10",
    "faithful",
    "faithfulness",
  ]);
});

it("holds what it does not know to be about the answer", () => {
  expect(["mrr", "faithful", "number_strict"].map(groupOfScore)).toEqual(["retrieval", "faithfulness", "answer"]);
});

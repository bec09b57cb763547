import { expect, test } from "vitest";

import { budgetParts } from "./budget-parts";

test("only what is limited of a budget is shown", () => {
  const budget = { id: "b", kind: "day", name: "2026-03-02", limits: { usd: 2, calls: null, tokens: 1000 }, spent: { usd: 0.5, calls: 9, tokens: 1200 }, reason: null } as const;
  expect(budgetParts(budget)).toEqual([
    { name: "US dollars", share: 0.25, text: "$0.5 of $2.00" },
    { name: "Tokens", share: 1, text: "1,200 of 1,000" },
  ]);
});

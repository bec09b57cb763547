import { describe, expect, test } from "vitest";

import type { Schemas } from "@/lib/api/client";

import { costText, dayBefore, prepareDays, prepareLines, moneyText, todayUtc } from "./prepare";

const sums = {
  runs: 10,
  runs_from_cache: 4,
  calls: 6,
  prompt_tokens: 1000,
  completion_tokens: 50,
  reasoning_tokens: 0,
  cache_read_tokens: 0,
  usd: 1.5,
  runs_without_price: 0,
  runs_without_tokens: 0,
  saved_usd: 0.25,
};
const spending = {
  since: "2026-02-27",
  until: "2026-03-02",
  total: sums,
  by_day: [
    { ...sums, day: "2026-02-28" },
    { ...sums, day: "2026-03-01", usd: null, runs_without_price: 6 },
  ],
  by_model: [{ ...sums, name: "openai/gpt" }],
  by_method: [{ ...sums, name: "cot" }],
  rows: [],
  budget: null,
  notes: [],
} satisfies Schemas["SpendingOut"];

describe("days", () => {
  test("those without runs are there, and what is not known is not 0", () => {
    const bars = prepareDays(spending, "cost");
    expect(bars.map(({ value }) => value)).toEqual([0, 1.5, null, 0]);
    expect(bars.map(({ text }) => text)).toEqual(["2026-02-27: nothing", "2026-02-28: $1.50", "2026-03-01: not known", "2026-03-02: nothing"]);
    expect(prepareDays(spending, "calls")[2]).toEqual({ day: "2026-03-01", value: 6, text: "2026-03-01: 6 calls" });
    expect(prepareDays(spending, "tokens")[1]?.value).toBe(1050);
  });

  test("are those of UTC", () => {
    expect(todayUtc(Date.parse("2026-11-28T23:30:00-05:00"))).toBe("2026-11-29");
    expect(dayBefore("2026-03-01", 1)).toBe("2026-02-28");
  });
});

test("cost says what is not known", () => {
  expect(costText({ usd: null, runs_without_price: 3 })).toBe("not known");
  expect(costText({ usd: 0, runs_without_price: 1 })).toBe("$0 and 1 run not known");
  expect(costText({ usd: 0, runs_without_price: 0 })).toBe("$0");
  expect(moneyText(null)).toBe("not known");
});

test("lines", () => {
  expect(prepareLines(spending, "model").map(({ name, cost, saved }) => [name, cost, saved])).toEqual([["openai/gpt", "$1.50", "$0.25"]]);
  expect(prepareLines(spending, "method")[0]?.name).toBe("Chain of thought");
  expect(prepareLines(spending, "day").map(({ name }) => name)).toEqual(["2026-03-01", "2026-02-28"]);
});

import { describe, expect, it } from "vitest";

import {
  formatAgo,
  formatCost,
  formatCount,
  formatDuration,
  formatInterval,
  formatMethod,
  formatName,
  formatNumber,
  formatNumberInterval,
  formatP,
  formatPercent,
  formatPointInterval,
  formatPoints,
  formatRatio,
  formatRatioInterval,
  plural,
} from "./format";

describe("numbers", () => {
  it.each([
    [0.123456, "0.123"],
    [12.3456, "12.3"],
    [1234.5, "1,235"],
    [1234567, "1,234,567"],
    [0, "0"],
    [null, "–"],
    [Number.NaN, "–"],
  ])("%s reads %s", (value, text) => expect(formatNumber(value)).toBe(text));

  it("counts with separators", () => expect(formatCount(10000)).toBe("10,000"));
  it.each([
    [53 / 80, "66.3 %"],
    [115 / 400, "28.8 %"],
    [1 / 800, "0.1 %"],
    [3 / 2000, "0.2 %"],
  ])("halves away from zero: %d", (share, text) => expect(formatPercent(share)).toBe(text));
  it("shares as per cent", () => expect(formatPercent(0.3667)).toBe("36.7 %"));
  it("intervals", () => expect(formatInterval(0.2187, 0.5449)).toBe("[21.9, 54.5]"));
  it("a name as words", () => expect(formatName("exact_match")).toBe("Exact match"));
  it("a name that is a property of objects", () => expect(formatName("constructor")).toBe("Constructor"));
  it("the label of a method", () => expect(["rag", "cot", "naive", "react"].map(formatMethod)).toEqual(["RAG", "Chain of thought", "Naive", "ReAct agent"]));
  it("one and many", () => expect([plural(1, "run"), plural(2000, "run")]).toEqual(["1 run", "2,000 runs"]));
});

describe("differences", () => {
  it.each([
    [0.08, "+8.0"],
    [-0.025, "−2.5"],
    [0, "±0.0"],
    [-0.0001, "±0.0"],
    [undefined, "–"],
  ])("%s reads %s", (value, text) => expect(formatPoints(value)).toBe(text));
});

describe("p", () => {
  it.each([
    [0.0123, "p = .012"],
    [0.0004, "p < .001"],
    [1, "p > .999"],
    [0.0496, "p = .0496"],
    [null, "no test"],
  ])("%s reads %s", (value, text) => expect(formatP(value)).toBe(text));
});

describe("durations", () => {
  it.each([
    [0.0456, "0.0456 ms"],
    [123.4, "123 ms"],
    [999.4, "999 ms"],
    [999.6, "1 s"],
    [1234, "1.23 s"],
    [59_949, "59.9 s"],
    [59_960, "1 min 00 s"],
    [125_000, "2 min 05 s"],
    [3_599_900, "1 h 00 min"],
    [12_000_000, "3 h 20 min"],
    [200_000_000, "2.31 days"],
    [null, "–"],
  ])("%s ms reads %s", (value, text) => expect(formatDuration(value)).toBe(text));
});

describe("money", () => {
  it.each([
    [null, "unknown"],
    [0, "$0"],
    [0.00123456, "$0.00123"],
    [0.0000001234, "$0.000000123"],
    [1.234, "$1.23"],
    [12345.6, "$12,346"],
  ])("%s reads %s", (value, text) => expect(formatCost(value)).toBe(text));
});

describe("how long ago", () => {
  const now = Date.parse("2026-05-20T12:00:00Z");
  it.each([
    ["2026-05-20T11:59:40Z", "just now"],
    ["2026-05-20T11:55:00Z", "5 min ago"],
    ["2026-05-20T09:00:00Z", "3 h ago"],
    ["2026-05-19T11:00:00Z", "yesterday"],
    ["2026-05-10T12:00:00Z", "10 days ago"],
    ["2026-05-20T12:00:09Z", "just now"],
    [null, "–"],
  ])("%s is %s", (at, text) => expect(formatAgo(at, now)).toBe(text));
});

it("formats intervals of numbers", () => expect([formatNumberInterval(2, 3.456), formatNumberInterval(null, 2)]).toEqual(["[2, 3.46]", "–"]));
it("shows that an interval excludes no difference where an end is shown as it", () => {
  expect([formatPointInterval(0, 0.08), formatPointInterval(1e-9, 0.08), formatPointInterval(-0.08, -1e-9)]).toEqual(["[±0.0, +8.0]", "(±0.0, +8.0]", "[−8.0, ±0.0)"]);
  expect([formatRatioInterval(1, 2), formatRatioInterval(1 + 1e-9, 2), formatRatioInterval(0.5, 1 - 1e-9)]).toEqual(["[1, 2]", "(1, 2]", "[0.5, 1)"]);
});
it("formats ratios", () => expect([3.4159, 1, 12.5, null].map(formatRatio)).toEqual(["3.42×", "1×", "12.5×", "–"]));

import { expect, test } from "vitest";

import { describeEnds, describeSaved, prepareSettling, titleOf } from "./settling-prepare";

const side = { experiment_id: "b", name: "few-shot", asked: 47, compared: 47, difference: 0.2, low: 0.011, high: 0.38, level: 0.95, two_tests_low: 0.02, two_tests_high: 0.3, two_tests_level: 0.9, p: 0.02, settled: true, verdict: "better" as const, message: "" };
const settling = { id: "c", score: "exact_match", margin: 0.02, planned: 1194, asked: 47, settled: true, sides: [side], saved_runs: 294, saved_usd: 0.12, unfinished: [], notes: [] };

test("a settled side says what was found, after how many questions, by which interval", () => {
  expect(prepareSettling(settling)).toEqual([{ id: "b", name: "few-shot", verdict: "better", tone: "good", asked: "47 of 1,194", difference: "+20.0", interval: "[+1.1, +38.0]", level: "95.0 %" }]);
  const open = { ...side, verdict: "cannot_tell" as const, settled: false };
  expect(prepareSettling({ ...settling, sides: [open] })[0]).toMatchObject({ verdict: "not settled", tone: "plain" });
});

test("what was saved has its price where that is known", () => {
  expect(describeSaved(settling)).toBe("Saved 294 runs, or $0.12, of those that were planned.");
  expect(describeSaved({ ...settling, saved_usd: null })).toBe("Saved 294 runs of those that were planned.");
  expect(describeSaved({ ...settling, saved_runs: 0 })).toBe("");
});

test("runs that a budget cut off were not saved", () => {
  const cut = "few-shot: 60 planned runs were not made. The budget of 60 calls is spent (60).";
  const ended = { ...settling, settled: false, saved_runs: 0, unfinished: [cut], notes: ["A note."] };
  expect(describeEnds(ended)).toBe(`${cut} A note.`);
  expect([settling, ended, { ...settling, settled: false }].map(titleOf)).toEqual(["Settled", "Not settled", "Until it is settled"]);
});

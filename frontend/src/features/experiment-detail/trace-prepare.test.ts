import { describe, expect, it } from "vitest";

import {
  describeSource,
  describeSteps,
  describeToolCalls,
  markObservation,
  badgesOf,
  describeOutcome,
  shortName,
  type Step,
  stepByKey,
  stepsOfCalls,
  usageOfStep,
  type Trace,
  callsByTool,
} from "./trace-prepare";

type Use = NonNullable<Step["use"]>;

const use = (change: Partial<Use> = {}): Use => ({
  tool: "calculator",
  arguments: { expression: "6*7" },
  observation: "It is 42, and not 420.",
  success: true,
  error: null,
  duration_s: 0.001,
  cut: 0,
  repeated: false,
  needed: true,
  kind: "successful",
  ...change,
});
const step = (change: Partial<Step> = {}): Step => ({
  thought: "",
  use: null,
  answer: null,
  read_as: "bracket",
  last: false,
  repaired: false,
  calls: [],
  prompt_tokens: null,
  completion_tokens: null,
  duration_s: 0,
  ...change,
});
const trace = (steps: Step[], source: number | null = null): Trace => ({
  steps,
  summary: { outcome: "answered", reason: "", source, iterations: steps.length, repairs: 0, uses: {} },
});

describe("the source of the answer", () => {
  const steps = [step({ use: use() }), step({ use: use() }), step({ answer: "42" })];
  const marked = (of: Trace, place: number) => markObservation(of, place).flatMap(({ text, marked }) => (marked ? [text] : []));
  it("has the answer marked, and no other step has", () => {
    expect(marked(trace(steps, 1), 1)).toEqual(["42"]);
    expect(marked(trace(steps, 1), 0)).toEqual([]);
  });
  it("is marked also for the answer yes", () => {
    expect(marked(trace([step({ use: use({ observation: "Yes, it is." }) }), step({ answer: "yes" })], 0), 0)).toEqual(["Yes"]);
  });
  it("is described in a sentence", () => {
    expect(describeSource(trace(steps, 1))).toBe("The answer appears in the tool result of step 2.");
    expect(describeSource(trace(steps))).toBe("The answer appears in no tool result.");
    expect(describeSource(trace([step()]))).toBe("");
  });
  it("is empty where no tool was used", () => expect(markObservation(trace([step()], 0), 0)).toEqual([]));
});

describe("tool calls", () => {
  it.each([
    [use(), ["✓ result used"]],
    [use({ kind: "unneeded", needed: false }), ["result unused"]],
    [use({ kind: "unneeded", needed: false, repeated: true }), ["result unused", "repeated"]],
    [use({ kind: "failed", success: false, error: "retry" }), ["✗ failed, retry allowed"]],
    [use({ kind: "failed", success: false, error: "final" }), ["✗ failed, no retry"]],
  ])("have badges for their result (%#)", (one, labels) => expect(badgesOf(one).map(({ label }) => label)).toEqual(labels));

  it("are counted by result", () => {
    expect(describeToolCalls({ successful: 1, failed: 2, unneeded: 0 })).toBe("1 used, 2 failed");
    expect(callsByTool({ calculator: { successful: 1, failed: 2, unneeded: 0 } })).toEqual([{ tool: "calculator", total: 3, results: "1 used, 2 failed" }]);
  });
});

it("labels the outcome of an agent, also an unknown one", () => {
  expect(describeOutcome("stuck")).toEqual({ label: "Stuck", tone: "bad" });
  expect(describeOutcome("gave_up")).toEqual({ label: "Gave up", tone: "plain" });
});

it("counts steps and repairs", () => {
  const { summary } = trace([]);
  expect(describeSteps({ ...summary, iterations: 1 })).toBe("1 step, no repairs");
  expect(describeSteps({ ...summary, iterations: 5, repairs: 1 })).toBe("5 steps, 1 repair");
});

it("formats the usage of a step, without unknown tokens", () => {
  expect(usageOfStep(step({ prompt_tokens: 1200, completion_tokens: 30, duration_s: 0.5 }))).toBe("1,200 in, 30 out · 500 ms");
  expect(usageOfStep(step({ completion_tokens: 30, duration_s: 2 }))).toBe("2 s");
});

it("finds the step of a call", () => {
  const of = stepsOfCalls(trace([step({ calls: [0, 1] }), step({ calls: [2] })]));
  expect([0, 1, 2, 3].map((call) => of.get(call))).toEqual([0, 0, 1, undefined]);
});

it.each([
  ["ArrowDown", 0, 1],
  ["j", 2, 2],
  ["ArrowUp", 0, 0],
  ["k", 2, 1],
  ["Home", 2, 0],
  ["End", 0, 2],
  ["x", 1, undefined],
  ["Enter", 1, undefined],
])("the key %s moves from step %d to %s", (key, at, to) => expect(stepByKey(key, at, 3)).toBe(to));

it("cuts names that are too long", () => {
  expect([shortName("search"), shortName(""), shortName("x".repeat(70))]).toEqual(["search", "(no name)", `${"x".repeat(60)}…`]);
});

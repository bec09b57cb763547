import { describe, expect, it } from "vitest";

import { fromYaml, toYaml } from "./yaml";

describe("toYaml", () => {
  it("leaves out empty values, and keeps 0 and false", () => {
    const text = toYaml({ name: "a", system: null, params: { temperature: 0, stop: [] }, cache: false, note: "" });
    expect(fromYaml(text)).toEqual({ name: "a", params: { temperature: 0 }, cache: false });
  });

  it("preserves line breaks, braces and quotes", () => {
    const config = { method: { template: 'Question: {question}\nSay "I do not know" if so.\nAnswer:' } };
    expect(fromYaml(toYaml(config))).toEqual(config);
  });
});

it("preserves lists", () => {
  const config = { method: { name: "react", tools: ["calculator", "retrieval"] }, params: { stop: ["\n", "- x"] } };
  expect(fromYaml(toYaml(config))).toEqual(config);
});

describe("fromYaml", () => {
  it.each(["just text", "- a\n- list", "", "42"])("rejects %j, which is not a mapping", (text) => {
    expect(() => fromYaml(text)).toThrow(/mapping/);
  });

  it("gives the line of invalid YAML", () => {
    expect(() => fromYaml("name: a\nbad: [1\n")).toThrow(/line \d/);
  });
});

import { describe, expect, it } from "vitest";

import { prepareDifferences } from "./differences";

describe("prepareDifferences", () => {
  it("marks the words that only one side has, and keeps the whole text", () => {
    const [first, second] = prepareDifferences("The answer is Paris.", "The answer is Rome.") ?? [[], []];
    expect(first.map(({ text }) => text).join("")).toBe("The answer is Paris.");
    expect(second.map(({ text }) => text).join("")).toBe("The answer is Rome.");
    expect(first.filter(({ marked }) => marked).map(({ text }) => text)).toEqual(["Paris"]);
    expect(second.filter(({ marked }) => marked).map(({ text }) => text)).toEqual(["Rome"]);
  });
  it("marks nothing in equal texts", () => {
    expect(prepareDifferences("same\ntext", "same\ntext")?.flat().some(({ marked }) => marked)).toBe(false);
  });
  it("is null for long texts", () => expect(prepareDifferences("a ".repeat(5000), "b")).toBeNull());
});

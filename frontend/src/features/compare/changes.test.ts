import { describe, expect, it } from "vitest";

import { changedLines, configText, promptText } from "./changes";

describe("changedLines", () => {
  it("has the changes with the lines around them", () => {
    const first = ["a", "b", "c", "d", "seed: 1", "e", "f", "g"].join("\n");
    expect(changedLines(first, first.replace("seed: 1", "seed: 2")).map(({ sign, text }) => sign + text)).toEqual([" c", " d", "−seed: 1", "+seed: 2", " e", " f"]);
  });
  it("is empty for equal texts", () => expect(changedLines("a\nb\n", "a\nb\n")).toEqual([]));
  it("is quick for texts without a line in common", () => {
    const text = (word: string) => Array.from({ length: 20_000 }, (_, line) => `${word} ${line}`).join("\n");
    expect(changedLines(text("a"), text("b"))).toHaveLength(40_000);
  });
});

it("leaves the name out of a configuration", () => expect(configText({ name: "x", description: "y", seed: 1 })).toBe("seed: 1\n"));

it("reads the prompt as sent", () => {
  const messages = [
    { role: "system", content: "Be brief." },
    { role: "user", content: "Why?" },
  ];
  expect(promptText([{ messages }, { messages: [] }])).toBe("[system]\nBe brief.\n\n[user]\nWhy?");
  expect(promptText([])).toBe("");
});

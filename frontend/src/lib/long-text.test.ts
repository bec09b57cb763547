import { describe, expect, it } from "vitest";

import { beginning, chunksOf, cutSegments, formatSize, nextStep } from "./long-text";

describe("beginning", () => {
  it.each([
    ["short", 10, "short"],
    ["one two three", 9, "one two "],
    ["line\nand more words", 12, "line\n"],
    ["unbroken", 3, "unb"],
    ["ab😀cd", 3, "ab"],
    ["", 5, ""],
  ])("of %j, at most %d: %j", (text, limit, cut) => expect(beginning(text, limit)).toBe(cut));
});

describe("chunksOf", () => {
  it.each([["words ".repeat(20_000)], ["x".repeat(50_001)], ["😀".repeat(20_000)], ["lines of text\n".repeat(5_000)], [""]])(
    "loses nothing and keeps characters whole",
    (text) => {
      const chunks = chunksOf(text);
      expect(chunks.join("")).toBe(text);
      expect(chunks.every((chunk) => chunk.length <= 8_000 && !/[\ud800-\udbff]$/.test(chunk))).toBe(true);
      expect(chunks.length).toBeLessThanOrEqual(Math.ceil(text.length / 7_700));
    },
  );
});

it("shows more in steps, and the rest at once where a step would leave little", () => {
  expect([nextStep(4_000, 2_000_000), nextStep(100_000, 2_000_000), nextStep(4_000, 150_000)]).toEqual([100_000, 2_000_000, 150_000]);
});

it("cuts segments with their marks", () => {
  const segments = [
    { text: "before ", marked: false },
    { text: "answer", marked: true },
    { text: " after", marked: false },
  ];
  expect(cutSegments(segments, 10)).toEqual([
    { text: "before ", marked: false },
    { text: "ans", marked: true },
  ]);
  expect(cutSegments(segments, 100)).toEqual(segments);
});

it.each([
  ["", "0 B"],
  ["a".repeat(999), "999 B"],
  ["a".repeat(200_000), "200 kB"],
  ["a".repeat(2_000_000), "2.0 MB"],
  ["é".repeat(600), "1 kB"],
])("formats a size", (text, size) => expect(formatSize(text)).toBe(size));
